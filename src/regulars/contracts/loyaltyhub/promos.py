"""Promo codes at the till: `POST /promos/validate`, `POST /promos/apply`. Neither uses anything up.

Guards in this order, the first that applies wins: key, active hotel, body, an amount that the hotel's
currency has (validate) or rates (apply), an active customer of the program if one is named, the promo's own
conditions in the published order (the minimum spend only on validate, and only with `total_amount`), and for
a bonus a base rate to raise.
"""

from datetime import datetime
from decimal import Decimal

from litestar import post
from msgspec import Struct

from regulars.base.refusals import Refused
from regulars.contracts.loyaltyhub.books import promo_book
from regulars.contracts.loyaltyhub.context import TILL, Context, open_context
from regulars.contracts.loyaltyhub.descriptions_till import APPLY, VALIDATE
from regulars.contracts.loyaltyhub.errors import PROMO_INVALID, objection_message
from regulars.contracts.loyaltyhub.figures import to_number, to_price, to_rate
from regulars.contracts.loyaltyhub.promo_rows import promo_row
from regulars.contracts.loyaltyhub.success import success
from regulars.contracts.loyaltyhub.wire_promos import (
    ApplyAnswer,
    ApplyBody,
    InvalidAnswer,
    ValidAnswer,
    ValidateBody,
)
from regulars.db.database import Connection
from regulars.features.members import actions as members
from regulars.features.members.model import Status
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Promo, PromoKind, Rates, Reason, Uses
from regulars.features.sales.actions import to_minor
from regulars.http.answers import Answer, json_answer
from regulars.http.bodies import read_json
from regulars.http.requests import HttpRequest


@post("/wp-json/loyalty/v1/promos/validate", opt={"access": TILL, "operation": VALIDATE})
async def validate(request: HttpRequest) -> Answer:
    """Whether a code can be used now and here."""
    context = await open_context(request)
    body = await read_json(request, ValidateBody, empty_is_object=True)
    total, currency = body.total_amount, context.hotel.currency
    total_minor = None if total is None else to_minor(total, currency, "total_amount")
    found = await _find(context, body.code, body.customer_id, total_minor)
    if isinstance(found, _Objection):
        return json_answer(
            InvalidAnswer(valid=False, error=objection_message(found.reason, found.minimum)), 400
        )
    return success(ValidAnswer(promo=promo_row(found, currency)))


@post("/wp-json/loyalty/v1/promos/apply", opt={"access": TILL, "operation": APPLY})
async def apply(request: HttpRequest) -> Answer:
    """The rates that a code gives."""
    context = await open_context(request)
    body = await read_json(request, ApplyBody, empty_is_object=True)
    base = Rates(
        _rate(body.base_wet_discount, "base_wet_discount"), _rate(body.base_dry_discount, "base_dry_discount")
    )
    found = await _find(context, body.code, body.customer_id, None)
    if isinstance(found, _Objection):
        raise Refused(PROMO_INVALID, reason=found.reason, minimum=found.minimum)
    rates = promos.applied(base, found)
    if rates is None:
        raise Refused("no_base_discount")
    answer = ApplyAnswer(
        discount_type="promo" if found.kind is PromoKind.PROMO_CODE else "discount",
        wet_discount=to_number(rates.wet_percent),
        dry_discount=to_number(rates.dry_percent),
        promo_code=found.code,
        promo_name=found.name,
        type=found.kind.value,
    )
    return success(answer)


class _Objection(Struct, frozen=True):
    """Why a promo cannot be used; `minimum` is what has to be spent, as people read it."""

    reason: Reason
    minimum: str


class _Claim(Struct, frozen=True):
    """What the promo's conditions ask about the customer."""

    member: bool
    uses: Uses = Uses()
    assigned: bool = False


async def _find(
    context: Context, code: str, customer_id: int | None, total_minor: int | None
) -> Promo | _Objection:
    """The promo if it can be used, or what stands against it. Raises Refused("member_not_found").

    One round trip for a customer and one for what was used; none where neither matters.
    """
    promo = promos.in_book(await promo_book(context), code)
    at = promos.local_time(context.services.clock(), context.hotel.time_zone)
    claim = _Claim(member=False)
    if customer_id is not None or (promo is not None and _is_limited(promo)):
        async with context.services.database.connection() as connection:
            claim = await _claim(connection, context.program_id, promo, customer_id, at)
    reason = promos.objection(
        promo,
        at=at,
        location_id=context.hotel.location_id,
        member=claim.member,
        total_minor=total_minor,
        uses=claim.uses,
        assigned=claim.assigned,
    )
    if promo is not None and reason is None:
        return promo
    minimum = to_price(promo.min_spend_minor, context.hotel.currency) if promo is not None else ""
    return _Objection(reason or Reason.NOT_FOUND, minimum)


async def _claim(
    connection: Connection, program_id: int, promo: Promo | None, customer_id: int | None, at: datetime
) -> _Claim:
    """What the customer may claim of the promo. Raises Refused("member_not_found"), also if inactive."""
    member = None
    if customer_id is not None:
        member = await members.get_by_number(connection, program_id, customer_id)
        if member is None or member.status is not Status.ACTIVE:
            raise Refused("member_not_found")
    if promo is None or not (_is_limited(promo) or promo.assigned_only):
        return _Claim(member is not None)
    limited = [promo.promo_id] if _is_limited(promo) else []
    claims = await promos.claims_of(
        connection, program_id, limited, None if member is None else member.member_id
    )
    return _Claim(
        member=member is not None,
        uses=claims.uses.get(promo.promo_id, Uses()),
        assigned=promos.is_assigned(promo, claims.assignments, at),
    )


def _is_limited(promo: Promo) -> bool:
    return promo.usage_limit is not None or promo.usage_limit_per_customer is not None


def _rate(value: float | None, field: str) -> Decimal:
    return Decimal(0) if value is None else to_rate(value, field)
