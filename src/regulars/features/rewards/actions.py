"""Keeping the reward catalogue and the earn templates.

Deleting takes the row away at once. Nothing else breaks: a hold and a transfer carry the name, picture
and price they were made with, so a pending hold can still be approved and history still reads; numbers
are never given out again. Whoever wants to offer something again later sets `active` to false instead.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import UNSET

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.access.actions import next_number
from regulars.features.photos.actions import keep_photo_at
from regulars.features.rewards import store, store_templates
from regulars.features.rewards.model import (
    EarnTemplate,
    Pricing,
    Reward,
    RewardChanges,
    TemplateChanges,
)
from regulars.features.rewards.rules import checked_reward, checked_template
from regulars.features.rewards.rules_pricing import checked_counts, price_templates

NUMBER_MAX = 2**31 - 1


async def create_reward(
    connection: Connection,
    program_id: int,
    *,
    name: str,
    cost: int,
    description: str | None = None,
    image_url: str | None = None,
    youtube_url: str | None = None,
    active: bool = True,
    now: datetime,
) -> Reward:
    """The new reward. Refuses with the codes of `rules.checked_reward`."""
    fields = checked_reward(
        RewardChanges(
            name=name,
            cost=cost,
            description=description,
            image_url=image_url,
            youtube_url=youtube_url,
            active=active,
        )
    )
    reward_id = await next_number(connection, program_id, "reward")
    reward = await store.insert_reward(connection, program_id, reward_id, fields, now)
    await keep_photo_at(connection, program_id, reward.image_url, now=now)
    return reward


async def update_reward(
    connection: Connection,
    program_id: int,
    reward_id: int,
    changes: RewardChanges,
    *,
    now: datetime,
) -> Reward:
    """The reward as it is now. Refuses with the codes of `rules.checked_reward`, then `reward_not_found`."""
    checked = checked_reward(changes)
    reward = None
    if is_number(reward_id):
        reward = await store.update_reward(connection, program_id, reward_id, checked, now)
    if reward is None:
        raise Refused("reward_not_found")
    if checked.image_url is not UNSET:
        await keep_photo_at(connection, program_id, checked.image_url, now=now)
    return reward


async def delete_reward(connection: Connection, program_id: int, reward_id: int) -> None:
    """Takes a reward out of the catalogue for good. Refuses with `reward_not_found`."""
    if not (is_number(reward_id) and await store.delete_reward(connection, program_id, reward_id)):
        raise Refused("reward_not_found")


async def find_reward(connection: Connection, program_id: int, reward_id: int) -> Reward | None:
    """The reward, active or not; None when there is none."""
    return await store.select_reward(connection, program_id, reward_id) if is_number(reward_id) else None


async def list_rewards(
    connection: Connection, program_id: int, *, inactive_too: bool = False
) -> list[Reward]:
    """The catalogue, cheapest first, the older one first where two cost the same."""
    return await store.select_rewards(connection, program_id, inactive_too=inactive_too)


async def create_template(
    connection: Connection,
    program_id: int,
    *,
    title: str,
    points: int,
    description: str | None = None,
    youtube_url: str | None = None,
    active: bool = True,
    sort_order: int = 0,
    now: datetime,
) -> EarnTemplate:
    """The new earn template. Refuses with the codes of `rules.checked_template`."""
    fields = checked_template(
        TemplateChanges(
            title=title,
            points=points,
            description=description,
            youtube_url=youtube_url,
            active=active,
            sort_order=sort_order,
        )
    )
    template_id = await next_number(connection, program_id, "earn_template")
    return await store_templates.insert_template(connection, program_id, template_id, fields, now)


async def update_template(
    connection: Connection,
    program_id: int,
    template_id: int,
    changes: TemplateChanges,
    *,
    now: datetime,
) -> EarnTemplate:
    """The template as it is now.

    Refuses with the codes of `rules.checked_template`, then `template_not_found`.
    """
    checked = checked_template(changes)
    template = None
    if is_number(template_id):
        template = await store_templates.update_template(connection, program_id, template_id, checked, now)
    if template is None:
        raise Refused("template_not_found")
    return template


async def delete_template(connection: Connection, program_id: int, template_id: int) -> None:
    """Takes an earn template away for good; tokens that name it are refused.

    Refuses with `template_not_found`.
    """
    if not (
        is_number(template_id) and await store_templates.delete_template(connection, program_id, template_id)
    ):
        raise Refused("template_not_found")


async def find_template(connection: Connection, program_id: int, template_id: int) -> EarnTemplate | None:
    """The template, active or not; None when there is none."""
    return (await find_templates(connection, program_id, [template_id])).get(template_id)


async def find_templates(
    connection: Connection, program_id: int, template_ids: Sequence[int]
) -> dict[int, EarnTemplate]:
    """Those of the templates that exist, active or not, by id."""
    numbers = [template_id for template_id in template_ids if is_number(template_id)]
    templates = (
        await store_templates.select_templates_by_id(connection, program_id, numbers) if numbers else []
    )
    return {template.template_id: template for template in templates}


async def list_templates(
    connection: Connection, program_id: int, *, active: bool | None = None
) -> list[EarnTemplate]:
    """The active templates, the inactive ones or (None) all, by `sort_order`, then by age."""
    return await store_templates.select_templates(connection, program_id, active=active)


async def price(connection: Connection, program_id: int, counts: Sequence[tuple[int, int]]) -> Pricing:
    """What the counted templates (pairs of id and count) are worth now.

    Refuses with `invalid_templates` and `TEMPLATE_MISSING`; see `rules_pricing.price_templates`.
    """
    templates = await find_templates(connection, program_id, list(checked_counts(counts)))
    return price_templates(templates, counts)


def is_number(value: int) -> bool:
    """Whether a row of the catalogue can have this number; what a caller sends may be any integer."""
    return type(value) is int and 0 < value <= NUMBER_MAX
