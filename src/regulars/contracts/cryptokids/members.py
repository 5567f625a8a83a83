"""Members: listing, creating, changing and erasing them."""

from typing import Annotated
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.context import ADMIN_KEY, Context, open_context
from regulars.contracts.cryptokids.history_query import read_integer
from regulars.contracts.cryptokids.members_wire import (
    Done,
    MemberAnswer,
    MemberBody,
    MemberRow,
    birth_date,
    member_row,
    named,
    profile_changes,
)
from regulars.contracts.cryptokids.rewording import reworded
from regulars.db.database import Connection
from regulars.features.ledger import actions as ledger
from regulars.features.members import actions as members
from regulars.features.members.model import Member
from regulars.features.photos import actions as photos
from regulars.features.photos.model import Photo
from regulars.http.answers import Answer, json_answer
from regulars.http.bodies import read_json
from regulars.http.openapi import Operation
from regulars.http.queries import read_query
from regulars.http.requests import HttpRequest

LISTED_MAX = 1000

_WORDS = {
    "invalid_userId": "user_id_required",
    "invalid_user_id": "user_id_required",
    "invalid_handle": "user_id_required",
    "invalid_name": "name_required",
    "invalid_dob": "invalid_dob",
    "invalid_birth_date": "invalid_dob",
    "invalid_sex": "invalid_sex",
    "identifier_taken": "user_exists",
    "member_not_found": "member_not_found",
    "no_fields": "no_fields",
}


class MembersQuery(Struct, frozen=True):
    """Which members to list."""

    search: Annotated[str, Meta(description="Part of a user id or a name, in either case.")] | None = None
    limit: Annotated[int | str, Meta(description="1 to 1000, the default.")] | None = None
    after: Annotated[str, Meta(description="The user id that the last page ended with.")] | None = None


@get(
    "/api/members",
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(
            summary="List members",
            description="In the order they joined. Of more than a thousand, `after` asks for the next page.",
            query=MembersQuery,
            answers={200: list[MemberRow]},
        ),
    },
)
async def list_members(request: HttpRequest) -> Answer:
    """Members with a user id; those who joined through other contracts have none and are left out."""
    query = read_query(request, MembersQuery)
    limit = read_integer({"limit": query.limit}, "limit", LISTED_MAX, 1, LISTED_MAX)
    context = await open_context(request)
    async with context.services.database.connection() as connection:
        after = await _number_of(connection, context.program_id, query.after)
        found = await members.search(
            connection, context.program_id, query.search or "", limit, after, with_handle=True
        )
    return json_answer([member_row(member) for member in found])


@post(
    "/api/members",
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(
            summary="Create a member", body=MemberBody, answers={201: MemberAnswer, 400: None, 409: None}
        ),
    },
)
async def create_member(request: HttpRequest) -> Answer:
    """A new member under a user id of the caller's choice."""
    with reworded({"invalid_body": "user_id_required", **_WORDS}, "invalid_payload"):
        body = await read_json(request, MemberBody)
        user_id = body.user_id or body.user_id_snake
        if not user_id or not user_id.strip():
            raise Refused("invalid_handle")
        context = await open_context(request)
        async with context.services.database.transaction() as connection:
            member = await members.enrol(
                connection,
                context.program_id,
                name=named(body.name),
                identifiers=[("handle", user_id, None)],
                birth_date=birth_date(body.dob),
                sex=body.sex or None,
                now=context.now,
            )
    return json_answer(MemberAnswer(True, member_row(member)), 201)


@get(
    "/api/members/{userId:str}",
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(summary="Read a member", answers={200: MemberRow, 400: None, 404: None}),
    },
)
async def read_member(request: HttpRequest) -> Answer:
    """One member."""
    context = await open_context(request)
    async with context.services.database.connection() as connection:
        return json_answer(member_row(await _find(connection, context, request)))


@patch(
    "/api/members/{userId:str}",
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(
            summary="Change a member", body=MemberBody, answers={200: MemberAnswer, 400: None, 404: None}
        ),
    },
)
async def change_member(request: HttpRequest) -> Answer:
    """Changes the name, the date of birth, the sex. The user id stays for life."""
    with reworded({"invalid_body": "no_fields", **_WORDS}, "invalid_payload"):
        changes = profile_changes(await read_json(request, MemberBody))
        context = await open_context(request)
        async with context.services.database.transaction() as connection:
            member = await _find(connection, context, request)
            changed = await members.update(
                connection, context.program_id, member.member_id, changes, context.now
            )
    return json_answer(MemberAnswer(True, member_row(changed)))


@delete(
    "/api/members/{userId:str}",
    status_code=200,
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(
            summary="Erase a member",
            description="For good: profile, user id, devices, photos and the notes of the history go, the "
            "accounts are closed. The amounts stay in the books without a name. The user id is free for "
            "somebody else.",
            answers={200: Done, 400: None, 404: None},
        ),
    },
)
async def erase_member(request: HttpRequest) -> Answer:
    """Erases the person and closes the books in one transaction."""
    context = await open_context(request)
    async with context.services.database.transaction() as connection:
        member = await _find(connection, context, request)
        forgotten = await _erase(connection, context, member.member_id)
    context.services.handles.forget(context.program_id, member.handle or "")
    await photos.delete_files(context.services.photos, forgotten)
    return json_answer(Done())


async def _erase(connection: Connection, context: Context, member_id: UUID) -> list[Photo]:
    await members.erase(connection, context.program_id, member_id, context.now)
    await ledger.close_accounts(connection, context.program_id, member_id, context.now)
    return await photos.forget_photos_of(connection, context.program_id, member_id)


async def _find(connection: Connection, context: Context, request: HttpRequest) -> Member:
    user_id: str = request.path_params["userId"]
    if not user_id.strip():
        raise Refused("user_id_required")
    member = await members.find(connection, context.program_id, "handle", user_id)
    if member is None:
        raise Refused("member_not_found")
    return member


async def _number_of(connection: Connection, program_id: int, user_id: str | None) -> int:
    member = None if user_id is None else await members.find(connection, program_id, "handle", user_id)
    return 0 if member is None else member.number


HANDLERS: list[HTTPRouteHandler] = [list_members, create_member, read_member, change_member, erase_member]
