"""How rewards and earn templates look on the wire, and how what a page sends becomes changes to them.

Camel case and snake case are both read, and so are the twins title/name and cost/price. Costs and points
are JSON integers only; the flag `active` may also be 0 or 1, the sort order also a text of digits.
"""

from typing import Annotated, Literal, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType, field

from regulars.features.ledger.model import AMOUNT_MAX
from regulars.features.rewards.model import EarnTemplate, Reward, RewardChanges, TemplateChanges

# Lengths are told here and judged by the catalogue's own rules, which trim first.
Name = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": 200})]
Description = Annotated[str, Meta(extra_json_schema={"maxLength": 2000})]
Address = Annotated[
    str,
    Meta(
        description="http, https, or a path on this server; empty for none.",
        extra_json_schema={"maxLength": 2048, "pattern": r"^(https?://|/|$)"},
    ),
]
Cost = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
Points = Annotated[int, Meta(ge=1, le=AMOUNT_MAX)]
SortOrder = (
    Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] | Annotated[str, Meta(pattern=r"^\s*-?[0-9]{1,7}\s*$")]
)
Flag = bool | Literal[0, 1]

T = TypeVar("T")


class RewardRow(Struct, frozen=True):
    """A reward as pages read it."""

    id: int
    name: str
    title: str
    cost: int
    price: int
    description: str
    image_url: str
    imageUrl: str
    youtube_url: str
    youtubeUrl: str
    active: bool


class TemplateRow(Struct, frozen=True):
    """An earn template as pages read it; the two times are in seconds since 1970."""

    id: int
    title: str
    points: int
    description: str
    youtube_url: str | None
    youtubeUrl: str | None
    active: bool
    sort_order: int
    sortOrder: int
    created_at: int
    updated_at: int


class RewardBody(Struct, frozen=True):
    """What a page says of a reward: `name` and `cost` to create one, any of these to change one."""

    name: Name | UnsetType = UNSET
    title: Name | UnsetType = UNSET
    cost: Cost | UnsetType = UNSET
    price: Cost | UnsetType = UNSET
    description: Description | None | UnsetType = UNSET
    image_url: Address | None | UnsetType = UNSET
    image_url_camel: Address | None | UnsetType = field(default=UNSET, name="imageUrl")
    youtube_url: Address | None | UnsetType = UNSET
    youtube_url_camel: Address | None | UnsetType = field(default=UNSET, name="youtubeUrl")
    active: Flag | UnsetType = UNSET


class TemplateBody(Struct, frozen=True):
    """What a page says of an earn template: `title` and `points` to create one, any of these to change it."""

    title: Name | UnsetType = UNSET
    points: Points | UnsetType = UNSET
    description: Description | None | UnsetType = UNSET
    youtube_url: Address | None | UnsetType = UNSET
    youtube_url_camel: Address | None | UnsetType = field(default=UNSET, name="youtubeUrl")
    active: Flag | UnsetType = UNSET
    sort_order: SortOrder | UnsetType = UNSET
    sort_order_camel: SortOrder | UnsetType = field(default=UNSET, name="sortOrder")


def reward_row(reward: Reward) -> RewardRow:
    """The reward with both spellings of every name."""
    image_url, youtube_url = reward.image_url or "", reward.youtube_url or ""
    return RewardRow(
        id=reward.reward_id,
        name=reward.name,
        title=reward.name,
        cost=reward.cost,
        price=reward.cost,
        description=reward.description or "",
        image_url=image_url,
        imageUrl=image_url,
        youtube_url=youtube_url,
        youtubeUrl=youtube_url,
        active=reward.active,
    )


def template_row(template: EarnTemplate) -> TemplateRow:
    """The template with both spellings of every name but the times'."""
    return TemplateRow(
        id=template.template_id,
        title=template.title,
        points=template.points,
        description=template.description or "",
        youtube_url=template.youtube_url,
        youtubeUrl=template.youtube_url,
        active=template.active,
        sort_order=template.sort_order,
        sortOrder=template.sort_order,
        created_at=int(template.created_at.timestamp()),
        updated_at=int(template.updated_at.timestamp()),
    )


def reward_changes(body: RewardBody) -> RewardChanges:
    """What the body changes."""
    return RewardChanges(
        name=_first(body.name, body.title),
        cost=_first(body.price, body.cost),
        description=body.description,
        image_url=_first(body.image_url_camel, body.image_url),
        youtube_url=_first(body.youtube_url_camel, body.youtube_url),
        active=UNSET if body.active is UNSET else bool(body.active),
    )


def template_changes(body: TemplateBody) -> TemplateChanges:
    """What the body changes."""
    return TemplateChanges(
        title=body.title,
        points=body.points,
        description=body.description,
        youtube_url=_first(body.youtube_url, body.youtube_url_camel),
        active=UNSET if body.active is UNSET else bool(body.active),
        sort_order=_sort_order(_first(body.sort_order, body.sort_order_camel)),
    )


def _first(preferred: T | UnsetType, other: T | UnsetType) -> T | UnsetType:
    return other if preferred is UNSET else preferred


def _sort_order(value: int | str | UnsetType) -> int | UnsetType:
    return int(value) if isinstance(value, str) else value
