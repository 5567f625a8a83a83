"""What /identify offers: the bonus that is applied by itself, and the codes that staff may apply."""

from datetime import datetime
from typing import Any

from regulars.features.access import actions as access
from tests.support.guests import Guests
from tests.support.hotels import HIGH_STREET, NUMBER_FOUR, Hotels, ok
from tests.support.ledger import NOW
from tests.support.promos import percent

FOB = ("rfid", "ABC123456", "Primary RFID Fob")


async def identify(hub: Hotels, identifier: str = "ABC123456", hotel: str = HIGH_STREET) -> dict[str, Any]:
    return ok(await hub.post("/identify", {"identifier": identifier}, hotel=hotel))


def codes(body: dict[str, Any]) -> list[str]:
    return [promo["code"] for promo in body["available_promos"]]


async def test_the_best_bonus_is_applied_and_nothing_is_rounded(hub: Hotels, guests: Guests) -> None:
    await guests.set_scheme(HIGH_STREET, [(0, "5.25", "12.5")])
    member = await guests.guest(identifiers=[FOB])
    await guests.bonus("SMALL", bonus_multiplier=percent(0), bonus_add_wet=percent(1))
    await guests.bonus("BEST", bonus_multiplier=percent("1.55"))
    await guests.bonus("ALIKE", bonus_multiplier=percent("1.55"))
    hidden = await guests.bonus("GIVEN", requires_membership=False, bonus_multiplier=percent(3))
    body = await identify(hub)
    assert body["applied_customer_promo"]["code"] == "BEST"
    assert (body["wet_discount"], body["dry_discount"]) == (8.1375, 19.375)
    assert (body["base_wet_discount"], body["base_dry_discount"]) == (5.25, 12.5)
    assert body["applied_customer_promo"]["bonus_multiplier"] == 1.55
    await guests.assign(hidden, member)
    body = await identify(hub)
    assert body["applied_customer_promo"]["code"] == "GIVEN"
    assert (body["wet_discount"], body["dry_discount"]) == (15.75, 37.5)
    assert not {"targeted", "expires_at"} & body["applied_customer_promo"].keys()


async def test_no_bonus_on_two_zero_rates(hub: Hotels, guests: Guests) -> None:
    await guests.set_scheme(HIGH_STREET, [(0, "0", "0")])
    await guests.guest(identifiers=[FOB])
    await guests.bonus(bonus_multiplier=percent(0), bonus_add_wet=percent(5))
    body = await identify(hub)
    assert (body["applied_customer_promo"], body["wet_discount"], body["dry_discount"]) == (None, 0, 0)


async def test_assigned_promos_are_targeted_and_none_appears_twice(hub: Hotels, guests: Guests) -> None:
    member = await guests.guest(identifiers=[FOB])
    other = await guests.guest("Other", identifiers=[("rfid", "OTHER", None)])
    general = await guests.code("GENERAL", min_spend_minor=1250)
    private = await guests.code("PRIVATE", assigned_only=True)
    ended = await guests.code("ENDED", assigned_only=True)
    await guests.assign(general, member, datetime(2026, 3, 31, 23, 59, 59))
    await guests.assign(private, member)
    await guests.assign(ended, member, datetime(2026, 3, 1, 11, 59, 59))
    offered = (await identify(hub))["available_promos"]
    assert [promo["code"] for promo in offered] == ["GENERAL", "PRIVATE"]
    assert offered[0]["targeted"] is True and offered[0]["expires_at"] == "2026-03-31 23:59:59"
    assert offered[1]["targeted"] is True and "expires_at" not in offered[1]
    assert (offered[0]["min_spend"], offered[0]["valid_until"], offered[0]["description"]) == (12.5, None, "")
    [plain] = (await identify(hub, "OTHER"))["available_promos"]
    assert plain["code"] == "GENERAL" and not {"targeted", "expires_at"} & plain.keys()
    assert other.number == 2


async def test_only_what_is_valid_now_and_here_is_offered(hub: Hotels, guests: Guests) -> None:
    member = await guests.guest(identifiers=[FOB])
    number_four = frozenset({hub.location_ids[NUMBER_FOUR]})
    await guests.code("OFF", active=False)
    await guests.code("THERE", location_ids=number_four)
    await guests.code("LATER", valid_from=datetime(2026, 3, 1, 12, 0, 1))
    await guests.code("PAST", valid_until=datetime(2026, 3, 1, 11, 59, 59))
    await guests.code("MONDAY", weekdays=frozenset({1}))
    used = await guests.code("USED", usage_limit=1)
    mine = await guests.code("MINE", usage_limit_per_customer=1)
    await guests.code("OPEN", weekdays=frozenset({7}))
    assert codes(await identify(hub)) == ["USED", "MINE", "OPEN"]
    await guests.use(used, None)
    await guests.use(mine, member.member_id)
    assert codes(await identify(hub)) == ["OPEN"]
    assert codes(await identify(hub, hotel=NUMBER_FOUR)) == ["THERE", "OPEN"]


async def test_promos_are_read_on_the_hotels_clock(hub: Hotels, guests: Guests) -> None:
    await guests.guest(identifiers=[FOB])
    async with hub.database.transaction() as connection:
        await access.update_location(
            connection,
            hub.program_id,
            hub.location_ids[NUMBER_FOUR],
            time_zone="America/New_York",
            now=NOW,
        )
    hub.services.locations.forget(hub.program_id, hub.location_ids[NUMBER_FOUR])
    await guests.code("MORNING", valid_until=datetime(2026, 3, 1, 7, 30))
    assert codes(await identify(hub)) == []
    assert codes(await identify(hub, hotel=NUMBER_FOUR)) == ["MORNING"]
    hub.clock.advance(minutes=31)
    assert codes(await identify(hub, hotel=NUMBER_FOUR)) == []
