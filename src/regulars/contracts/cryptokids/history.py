"""History: everything for the parent's page, a short one and a file for the child's."""

from zoneinfo import ZoneInfo

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from msgspec.structs import replace

from regulars.contracts.cryptokids.context import ADMIN_KEY, CHILD, Context, open_context
from regulars.contracts.cryptokids.history_csv import csv_answer
from regulars.contracts.cryptokids.history_query import HistoryQuery, read_history_query, read_limit
from regulars.contracts.cryptokids.history_rows import member_named, read_rows
from regulars.contracts.cryptokids.history_wire import (
    HistoryAnswer,
    HistoryParameters,
    ShortHistory,
    ShortParameters,
    ShortRow,
)
from regulars.contracts.cryptokids.rows import milliseconds
from regulars.features.ledger import actions as ledger
from regulars.features.ledger.model_lists import HistoryFilter
from regulars.http.answers import Answer, json_answer
from regulars.http.openapi import Content, Operation
from regulars.http.queries import read_query
from regulars.http.requests import HttpRequest

SHORT_DEFAULT = 100
SHORT_MAX = 200
_CSV = Content("Every row as CSV, with a header row.", media_type="text/csv")


@get(
    "/api/history",
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(
            summary="List the history, newest first",
            description="With `format=csv` a file: without `limit` of every row that matches.",
            query=HistoryParameters,
            answers={200: HistoryAnswer, 400: None},
        ),
    },
)
async def list_history(request: HttpRequest) -> Answer | Stream:
    """The rows that the query asks for, of one member or of all."""
    parameters = msgspec.to_builtins(read_query(request, HistoryParameters))
    context = await open_context(request)
    query = read_history_query(parameters, ZoneInfo(context.program.time_zone))
    wanted = await _filter_of(context, query)
    if query.csv:
        row_count = None if query.everything else query.filter.limit
        return await csv_answer(context, wanted, "history.csv", row_count=row_count)
    if wanted is None:
        return json_answer(HistoryAnswer([], query.filter.limit, query.filter.offset))
    async with context.services.database.connection() as connection:
        rows = await read_rows(connection, context.program_id, wanted)
    return json_answer(HistoryAnswer(rows, wanted.limit, wanted.offset))


@get(
    "/api/history/user/{userId:str}",
    opt={
        "access": CHILD,
        "operation": Operation(
            summary="List a child's history, newest first",
            query=ShortParameters,
            answers={200: ShortHistory, 400: None},
        ),
    },
)
async def list_short_history(request: HttpRequest) -> Answer:
    """The newest rows of one member, without who and where; none for an unknown user id."""
    parameters = msgspec.to_builtins(read_query(request, ShortParameters))
    context = await open_context(request)
    member_id = await member_named(context, request.path_params["userId"])
    if member_id is None:
        return json_answer(ShortHistory([]))
    wanted = HistoryFilter(member_id=member_id, limit=read_limit(parameters, SHORT_DEFAULT, SHORT_MAX))
    async with context.services.database.connection() as connection:
        found = await ledger.list_history(connection, context.program_id, wanted)
    rows = [
        ShortRow(
            at=milliseconds(row.transfer.created_at),
            action=row.transfer.action,
            delta=row.transfer.amount,
            balance_after=row.transfer.balance_after,
            note=row.transfer.note,
        )
        for row in found
    ]
    return json_answer(ShortHistory(rows))


@get(
    "/api/history.csv/{userId:str}",
    opt={
        "access": CHILD,
        "operation": Operation(
            summary="Download a member's whole history as CSV", answers={200: _CSV, 400: None}
        ),
    },
)
async def download_history(request: HttpRequest) -> Stream:
    """Every row of one member, newest first; only the header row for an unknown user id."""
    context = await open_context(request)
    member_id = await member_named(context, request.path_params["userId"])
    wanted = None if member_id is None else HistoryFilter(member_id=member_id)
    return await csv_answer(context, wanted, f"history_{context.handle}.csv")


async def _filter_of(context: Context, query: HistoryQuery) -> HistoryFilter | None:
    """The filter with the member it is about; None when no row can match."""
    if query.impossible:
        return None
    if query.user_id is None:
        return query.filter
    member_id = await member_named(context, query.user_id)
    return None if member_id is None else replace(query.filter, member_id=member_id)


HANDLERS: list[HTTPRouteHandler] = [list_history, list_short_history, download_history]
