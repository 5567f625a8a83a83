"""Identifying whoever stands at the till: `POST /identify`.

Guards in this order, the first that applies wins: key, active hotel, body, an identifier that is not blank,
an active customer of the program.
"""

from litestar import post
from msgspec import UNSET

from regulars.base.refusals import Refused
from regulars.contracts.loyaltyhub.books import promo_book, tier_book
from regulars.contracts.loyaltyhub.context import TILL, Context, open_context
from regulars.contracts.loyaltyhub.descriptions_till import IDENTIFY
from regulars.contracts.loyaltyhub.figures import to_number
from regulars.contracts.loyaltyhub.promo_rows import promo_row
from regulars.contracts.loyaltyhub.success import success
from regulars.contracts.loyaltyhub.wire_identify import IdentifyAnswer, IdentifyBody, MatchedType, NextTierRow
from regulars.db.pipeline import Pipeline
from regulars.features.members.model import Member
from regulars.features.sales import actions as sales
from regulars.features.sales.model_welcome import Welcome
from regulars.features.tiers.model import NextTier
from regulars.http.answers import Answer
from regulars.http.bodies import read_json
from regulars.http.requests import HttpRequest

KINDS = (MatchedType.RFID, MatchedType.QR)
"""What an identifier is looked up as, in this order, before it is an e-mail address."""


@post("/wp-json/loyalty/v1/identify", opt={"access": TILL, "operation": IDENTIFY})
async def identify(request: HttpRequest) -> Answer:
    """The customer's tier, discounts and promos at this hotel now."""
    context = await open_context(request)
    body = await read_json(request, IdentifyBody, empty_is_object=True)
    if not body.identifier.strip():
        raise Refused("invalid_identifier")
    welcome = await _welcomed(context, body.identifier)
    home_hotel = await _home_hotel(context, welcome.recognised.member)
    return success(_answer(context, welcome, home_hotel))


async def _welcomed(context: Context, identifier: str) -> Welcome:
    """Who it is, and what is due to them. One round trip. Raises Refused("member_not_found")."""
    tiers_set, promos_set = await tier_book(context), await promo_book(context)

    def question(pipeline: Pipeline) -> sales.Welcoming:
        return sales.Welcoming(
            pipeline,
            context.hotel,
            identifier,
            KINDS,
            context.services.clock(),
            tier_book=tiers_set,
            promo_book=promos_set,
        )

    welcome = (await context.services.reads.ask(question)).welcome
    if welcome is None:
        raise Refused("member_not_found")
    return welcome


async def _home_hotel(context: Context, member: Member) -> str | None:
    """The name of the hotel where the customer is at home, closed or not."""
    location_id = member.home_location_id
    if location_id is None or location_id == context.hotel.location_id:
        return None if location_id is None else context.hotel.name
    locations = context.services.locations
    home = locations.cached(context.program_id, location_id)
    home = home or await locations.get(context.program_id, location_id)
    assert home is not None, "a home is a location of the program"
    return home.name


def _answer(context: Context, welcome: Welcome, home_hotel: str | None) -> IdentifyAnswer:
    member, standing, currency = welcome.recognised.member, welcome.standing, context.hotel.currency
    return IdentifyAnswer(
        customer_id=member.number,
        name=member.name,
        email=member.email,
        tier=standing.tier,
        is_staff=standing.staff,
        wet_discount=to_number(welcome.rates.wet_percent),
        dry_discount=to_number(welcome.rates.dry_percent),
        base_wet_discount=to_number(standing.wet_percent),
        base_dry_discount=to_number(standing.dry_percent),
        discount_type="staff" if standing.staff else "discount",
        applied_customer_promo=None if welcome.bonus is None else promo_row(welcome.bonus, currency),
        total_visits=standing.visits,
        period_days=standing.period_days,
        home_hotel=home_hotel,
        available_promos=[promo_row(offer.promo, currency, offer) for offer in welcome.offers],
        next_tier=_next_tier(standing.next_tier),
        matched_identifier_type=MatchedType(welcome.recognised.kind),
        identifier_label=welcome.recognised.label or UNSET,
    )


def _next_tier(above: NextTier | None) -> NextTierRow | None:
    if above is None:
        return None
    return NextTierRow(
        next_tier=above.name, visits_required=above.visits_required, visits_to_go=above.visits_to_go
    )
