"""The list of holds: `GET /api/holds`."""

from litestar import get

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids import descriptions
from regulars.contracts.cryptokids.context import ADMIN_KEY, open_context
from regulars.contracts.cryptokids.history_query import read_limit
from regulars.contracts.cryptokids.posting import read_uuid
from regulars.contracts.cryptokids.rows import hold_answer
from regulars.contracts.cryptokids.wire_bodies import HoldsQuery
from regulars.features.ledger.actions import list_holds
from regulars.features.ledger.model import HoldStatus
from regulars.features.members.actions import handles_of
from regulars.http.answers import Answer, json_answer
from regulars.http.failures import QueryRefused
from regulars.http.queries import read_query
from regulars.http.requests import HttpRequest

HOLDS_MAX = 500

STATUSES: dict[str, tuple[HoldStatus, ...]] = {
    "pending": (HoldStatus.PENDING,),
    "redeemed": (HoldStatus.CAPTURED,),
    "canceled": (HoldStatus.RELEASED,),
    "all": tuple(HoldStatus),
}


@get("/api/holds", opt={"access": ADMIN_KEY, "operation": descriptions.HOLDS})
async def holds(request: HttpRequest) -> Answer:
    """Holds by status, newest first, as a plain array."""
    try:
        query = read_query(request, HoldsQuery)
    except QueryRefused as error:
        raise Refused("invalid_status") from error
    statuses = STATUSES.get(query.status)
    if statuses is None:
        raise Refused("invalid_status")
    context = await open_context(request)
    async with context.services.database.connection() as connection:
        found = await list_holds(
            connection,
            context.program_id,
            statuses=statuses,
            now=context.now,
            limit=read_limit({"limit": query.limit}, HOLDS_MAX, HOLDS_MAX),
            before=read_uuid(query.before),
        )
        handles = await handles_of(connection, context.program_id, {row.member_id for row in found})
    return json_answer([hold_answer(row, handles.get(row.member_id)) for row in found])
