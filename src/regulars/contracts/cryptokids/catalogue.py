"""The catalogue: earn templates and rewards."""

from litestar import delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET, Struct

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.catalogue_wire import (
    RewardBody,
    RewardRow,
    TemplateBody,
    TemplateRow,
    reward_changes,
    reward_row,
    template_changes,
    template_row,
)
from regulars.contracts.cryptokids.context import ADMIN_KEY, CHILD, has_admin_key, open_context
from regulars.contracts.cryptokids.members_wire import Done
from regulars.contracts.cryptokids.rewording import reworded
from regulars.features.rewards import actions as rewards
from regulars.http.answers import Answer, json_answer
from regulars.http.bodies import read_json
from regulars.http.openapi import Operation
from regulars.http.queries import read_query
from regulars.http.requests import HttpRequest, caller, services

DIGITS_MAX = 10

_TEMPLATE_WORDS = {
    "invalid_points": "invalid_points",
    "no_fields": "no_fields",
    "template_not_found": "not_found",
}
_NEW_REWARD_WORDS = {
    "invalid_body": "name_and_cost_required",
    "invalid_name": "name_and_cost_required",
    "invalid_title": "name_and_cost_required",
    "invalid_cost": "invalid_price",
    "invalid_price": "invalid_price",
}
_REWARD_WORDS = {
    "invalid_body": "no_fields",
    "invalid_cost": "invalid_price",
    "invalid_price": "invalid_price",
    "no_fields": "no_fields",
    "reward_not_found": "not_found",
}


class TemplatesQuery(Struct, frozen=True):
    """Which templates to list: `active` true or false (else all); `sort` sort_order (else newest first)."""

    active: str | None = None
    sort: str | None = None


class RewardsQuery(Struct, frozen=True):
    """`active=all` lists rewards that are switched off as well, for those who show the admin key."""

    active: str | None = None


@get(
    "/api/earn-templates",
    opt={
        "access": CHILD,
        "operation": Operation(
            summary="List earn templates", query=TemplatesQuery, answers={200: list[TemplateRow]}
        ),
    },
)
async def list_earn_templates(request: HttpRequest) -> Answer:
    """The program's templates."""
    query = read_query(request, TemplatesQuery)
    active = {"true": True, "1": True, "false": False, "0": False}.get((query.active or "").lower())
    async with services(request).database.connection() as connection:
        found = await rewards.list_templates(connection, caller(request).program_id, active=active)
    if query.sort != "sort_order":
        found = sorted(found, key=lambda template: template.template_id, reverse=True)
    return json_answer([template_row(template) for template in found])


@post(
    "/api/earn-templates",
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(
            summary="Create an earn template", body=TemplateBody, answers={201: TemplateRow, 400: None}
        ),
    },
)
async def create_earn_template(request: HttpRequest) -> Answer:
    """A new template, active unless the body says otherwise."""
    with reworded(_TEMPLATE_WORDS | {"no_fields": "invalid_template"}, "invalid_template"):
        changes = template_changes(await read_json(request, TemplateBody))
        if changes.title is UNSET or changes.points is UNSET:
            raise Refused("invalid_title")
        context = await open_context(request)
        async with context.services.database.transaction() as connection:
            created = await rewards.create_template(
                connection,
                context.program_id,
                title=changes.title,
                points=changes.points,
                description=None if changes.description is UNSET else changes.description,
                youtube_url=None if changes.youtube_url is UNSET else changes.youtube_url,
                active=True if changes.active is UNSET else changes.active,
                sort_order=0 if changes.sort_order is UNSET else changes.sort_order,
                now=context.now,
            )
    return json_answer(template_row(created), 201)


@patch(
    "/api/earn-templates/{id:str}",
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(
            summary="Change an earn template",
            body=TemplateBody,
            answers={200: TemplateRow, 400: None, 404: None},
        ),
    },
)
async def change_earn_template(request: HttpRequest) -> Answer:
    """The template with what the body names changed."""
    with reworded(_TEMPLATE_WORDS | {"invalid_body": "no_fields"}, "invalid_template"):
        changes = template_changes(await read_json(request, TemplateBody))
        context = await open_context(request)
        async with context.services.database.transaction() as connection:
            changed = await rewards.update_template(
                connection, context.program_id, row_number(request), changes, now=context.now
            )
    return json_answer(template_row(changed))


@delete(
    "/api/earn-templates/{id:str}",
    status_code=200,
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(summary="Delete an earn template", answers={200: Done, 404: None}),
    },
)
async def delete_earn_template(request: HttpRequest) -> Answer:
    """Takes the template away; tokens that name it answer TEMPLATE_MISSING from now on."""
    with reworded(_TEMPLATE_WORDS, "invalid_template"):
        async with services(request).database.transaction() as connection:
            await rewards.delete_template(connection, caller(request).program_id, row_number(request))
    return json_answer(Done())


@get(
    "/api/rewards",
    opt={
        "access": CHILD,
        "operation": Operation(
            summary="List rewards, cheapest first", query=RewardsQuery, answers={200: list[RewardRow]}
        ),
    },
)
async def list_rewards(request: HttpRequest) -> Answer:
    """The active rewards; with the admin key and `active=all`, every one."""
    who = caller(request)
    everything = read_query(request, RewardsQuery).active == "all" and has_admin_key(who)
    async with services(request).database.connection() as connection:
        found = await rewards.list_rewards(connection, who.program_id, inactive_too=everything)
    return json_answer([reward_row(reward) for reward in found])


@post(
    "/api/rewards",
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(
            summary="Create a reward", body=RewardBody, answers={201: RewardRow, 400: None}
        ),
    },
)
async def create_reward(request: HttpRequest) -> Answer:
    """A new reward, active unless the body says otherwise."""
    with reworded(_NEW_REWARD_WORDS, "invalid_payload"):
        body = await read_json(request, RewardBody)
        changes = reward_changes(body)
        if changes.name is UNSET or changes.cost is UNSET:
            raise Refused("invalid_name")
        context = await open_context(request)
        async with context.services.database.transaction() as connection:
            created = await rewards.create_reward(
                connection,
                context.program_id,
                name=changes.name,
                cost=changes.cost,
                description=None if changes.description is UNSET else changes.description,
                image_url=None if changes.image_url is UNSET else changes.image_url,
                youtube_url=None if changes.youtube_url is UNSET else changes.youtube_url,
                active=True if changes.active is UNSET else changes.active,
                now=context.now,
            )
    return json_answer(reward_row(created), 201)


@patch(
    "/api/rewards/{id:str}",
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(
            summary="Change a reward", body=RewardBody, answers={200: Done, 400: None, 404: None}
        ),
    },
)
async def change_reward(request: HttpRequest) -> Answer:
    """Changes what the body names."""
    with reworded(_REWARD_WORDS, "invalid_payload"):
        changes = reward_changes(await read_json(request, RewardBody))
        context = await open_context(request)
        async with context.services.database.transaction() as connection:
            await rewards.update_reward(
                connection, context.program_id, row_number(request), changes, now=context.now
            )
    return json_answer(Done())


def row_number(request: HttpRequest) -> int:
    """The id in the path; 0, which no row has, for what is no number."""
    text: str = request.path_params["id"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX else 0


HANDLERS: list[HTTPRouteHandler] = [
    list_earn_templates,
    create_earn_template,
    change_earn_template,
    delete_earn_template,
    list_rewards,
    create_reward,
    change_reward,
]
