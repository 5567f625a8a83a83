"""What the demo's hotels have to show: to a till, and to an operator who reads reports."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from regulars.base.phone import to_e164
from regulars.db.database import Database
from regulars.demo.hotels.guests import JOHN, OPENED_DAYS_AGO, guests_of_the_demo
from regulars.demo.hotels.offers import offers_of
from regulars.demo.hotels.tills import UNHEARD_USES
from regulars.demo.hotels.visits import visits_of
from regulars.demo.seed import GUESTS, PEOPLE
from regulars.features.promos.model import PromoKind
from regulars.features.sales.verify import verify as verify_sales
from tests.cli.seeded import NOW

EXAMPLE_CODES = {"RFID123456", "NEWRFID789", "REPLACEMENT123", "OLDLOSTFOB456", "LHAB1234XYZ567"}
"""What the published examples bring along, and what has to be free for them."""


def test_the_hotels_have_the_rates_of_the_notes(rows: Any) -> None:
    hotels = """
    select location_id, name, currency, time_zone, active from locations
    where slug in ('high-street', 'number-four') order by 1
    """
    assert rows(hotels) == [
        (1, "High Street Hotel", "GBP", "Europe/London", True),
        (2, "Number Four", "GBP", "Europe/London", True),
    ]
    steps = """
    select location_id, name, visits_min, wet_percent, dry_percent
    from tier_rules join tiers t using (program_id, tier_id) order by 1, t.position
    """
    assert rows(steps) == [
        (1, "Member", 0, 5, 10), (1, "Loyalty", 4, 8, 15), (1, "Regular", 8, 12, 20),
        (2, "Member", 0, 5, 10), (2, "Loyalty", 2, 10, 20), (2, "Regular", 4, 15, 25),
    ]  # fmt: skip
    schemes = (
        "select location_id, period_days, staff_wet_percent, staff_dry_percent from tier_schemes order by 1"
    )
    assert rows(schemes) == [(1, 28, 25, 30), (2, 28, 30, 35)]


def test_john_smith_is_who_the_published_examples_say_he_is(rows: Any) -> None:
    john = "select name, email, home_location_id, staff, status from members where number = 42"
    assert rows(john) == [("John Smith", "john@example.com", 1, False, "active")]
    fobs = """
    select identifier_id, kind, value, label from identifiers join members using (program_id, member_id)
    where number = 42 and ended_at is null order by 1
    """
    assert rows(fobs) == [
        (13, "qr", "LHXYZ123ABC456", None),
        (14, "rfid", "ABC123456", "Primary RFID Fob"),
        (15, "rfid", "DEF789012", "Wife's fob"),
    ]
    visits = """
    select count(*) filter (where sold_at >= %(recent)s), count(*) > 20
    from sales join members using (program_id, member_id) where number = 42
    """
    assert rows(visits) == [(6, True)]


def test_what_the_published_examples_bring_along_is_free(rows: Any) -> None:
    taken = {value for (value,) in rows("select value from identifiers")}
    assert not EXAMPLE_CODES & taken
    assert rows("select 1 from members where email = 'jane@example.com'") == []
    assert rows("select 1 from sales where ticket_id = 'T-12345'") == []


def test_there_are_hundreds_of_guests_of_every_sort(rows: Any) -> None:
    guests = """
    select name, email, phone, birth_date, status, staff, home_location_id from members
    where home_location_id is not null
    """
    found = rows(guests)
    assert len(found) == GUESTS["small"] >= 200
    assert len({name for name, *_ in found}) > 0.9 * len(found)
    emails = [email for _, email, *_ in found if email is not None]
    assert all(email.endswith(("@example.com", "@example.org", "@example.net")) for email in emails)
    phones = [phone for _, _, phone, *_ in found if phone is not None]
    assert len(phones) > 100 and all(to_e164(phone, "GB") == phone for phone in phones)
    homes = Counter(home for *_, home in found)
    assert set(homes) == {1, 2} and min(homes.values()) > 60
    assert sum(staff for *_, staff, _ in found) >= 8
    assert 2 <= sum(status == "inactive" for *_, status, _, _ in found) < 20
    held = """
    select member_id, count(*) filter (where ended_at is null), count(ended_at)
    from identifiers where kind = 'rfid' group by 1
    """
    fobs = rows(held)
    assert len(fobs) > 150
    assert sum(in_use > 1 for _, in_use, _ in fobs) > 15
    assert sum(replaced for _, _, replaced in fobs) >= 5
    codes = [code for (code,) in rows("select value from identifiers where kind = 'qr'")]
    assert len(codes) == len(found) and all(len(code) == 14 and code.startswith("LH") for code in codes)


def test_every_tier_is_to_be_had_at_both_hotels(rows: Any) -> None:
    tiers = """
    select location_id, tier, count(distinct member_id) from sales where sold_at >= %(recent)s group by 1, 2
    """
    found = {(location_id, tier): count for location_id, tier, count in rows(tiers)}
    assert set(found) == {
        (location_id, tier) for location_id in (1, 2) for tier in ("Member", "Loyalty", "Regular", "Staff")
    }
    assert min(found.values()) >= 3


def test_months_of_sales_lie_before_the_demo_begins(rows: Any) -> None:
    span = (
        "select count(*), min(sold_at), max(sold_at), count(distinct date_trunc('month', sold_at)) from sales"
    )
    [(count, first, last, months)] = rows(span)
    assert count > 2500 and months >= 9
    assert NOW - timedelta(days=OPENED_DAYS_AGO + 1) < first
    assert NOW - timedelta(days=2) < last < NOW
    strangers = (
        "select 1 from sales join members using (program_id, member_id) where sold_at < members.created_at"
    )
    assert rows(strangers) == []


async def test_sales_uses_and_preferences_agree(demo_url: str) -> None:
    database = await Database.open(demo_url)
    async with database.connection() as connection:
        assert await verify_sales(connection) == []
    await database.close()


def test_each_sale_counts_the_visits_before_it(rows: Any) -> None:
    wrong = """
    select s.sale_id from sales s join members m using (program_id, member_id)
    where s.visits <> case when m.staff then 0 else (
        select count(*) from sales e
        where e.member_id = s.member_id and e.sold_at < s.sold_at
            and e.sold_at >= s.sold_at - interval '28 days'
    ) end
    """
    assert rows(wrong) == []


def test_the_tills_claim_what_our_rules_give_but_for_a_few(rows: Any) -> None:
    claims = """
    select count(*), count(*) filter (where wet_difference_minor <> 0 or dry_difference_minor <> 0),
        count(*) filter (where wet_minor is null), count(*) filter (where promo_unknown),
        count(*) filter (where promo_objection is not null)
    from sales
    """
    [(count, different, total_only, unknown, objected)] = rows(claims)
    assert 0 < different < 0.04 * count
    assert 0 < total_only < 0.04 * count
    assert 0 < unknown < 0.02 * count
    assert objected == 0
    types = "select count(*) from sales where claimed_discount_type <> discount_type and not promo_unknown"
    assert rows(types) == [(0,)]


def test_discounts_are_booked_on_all_six_accounts(rows: Any) -> None:
    accounts = """
    select discount_type, wet_account, dry_account, sum(wet_discount_minor), sum(dry_discount_minor)
    from sales group by 1, 2, 3 order by 1
    """
    booked = rows(accounts)
    assert [row[:3] for row in booked] == [
        ("discount", "#2303", "#3303"),
        ("promo", "#2305", "#3305"),
        ("staff", "#2306", "#3306"),
    ]
    assert all(wet > 10_000 and dry > 10_000 for *_, wet, dry in booked)


def test_some_guests_have_lapsed_and_some_came_back(rows: Any) -> None:
    lapsed = """
    select count(*) from (select max(sold_at) last_at from sales group by member_id) l
    where last_at < %(now)s - interval '30 days'
    """
    [(count,)] = rows(lapsed)
    assert 20 < count < GUESTS["small"] / 2
    back = "select uses from promo_uses join promos using (program_id, promo_id) where code = 'COMEBACK20'"
    [(uses,)] = rows(back)
    assert uses >= 1


def test_promos_are_there_of_every_sort(rows: Any) -> None:
    assert rows("select promo_id, code from promos where code in ('CP_LUNCH2X', 'SUMMER24') order by 1") == [
        (5, "CP_LUNCH2X"), (10, "SUMMER24"),
    ]  # fmt: skip
    terms = [offer.terms for offer in offers_of(NOW.date(), {"high-street": 1, "number-four": 2})]
    now = NOW.replace(tzinfo=None)
    codes = [promo for promo in terms if promo.kind is PromoKind.PROMO_CODE]
    bonuses = [promo for promo in terms if promo.kind is PromoKind.LOYALTY_BONUS]
    assert any(promo.requires_membership for promo in bonuses) and any(p.assigned_only for p in bonuses)
    assert any(promo.time_from and promo.time_until and promo.time_until < promo.time_from for promo in codes)
    sorts = {
        "weekdays": [promo for promo in codes if promo.weekdays],
        "minimum": [promo for promo in codes if promo.min_spend_minor],
        "limited": [promo for promo in codes if promo.usage_limit],
        "expired": [promo for promo in codes if promo.valid_until and promo.valid_until < now],
        "not yet": [promo for promo in codes if promo.valid_from and promo.valid_from > now],
        "off": [promo for promo in codes if not promo.active],
        "one hotel": [promo for promo in codes if len(promo.location_ids) == 1],
        "targeted": [promo for promo in codes if promo.assigned_only],
    }
    assert all(sorts.values()), sorts
    given = """
    select code, count(*), bool_or(expires_at < %(now)s)
    from promo_assignments join promos using (program_id, promo_id) group by 1
    """
    assignments = {code: (count, expired) for code, count, expired in rows(given)}
    assert set(assignments) == {"CP_LUNCH2X", "COMEBACK20", "BIRTHDAY20"}
    assert assignments["BIRTHDAY20"][1], "some gifts have expired"


def test_promos_are_used_up_partly_used_and_overused(rows: Any) -> None:
    counts = (
        "select code, uses, overuses, usage_limit from promo_uses join promos using (program_id, promo_id)"
    )
    used = {code: (uses, overuses, limit) for code, uses, overuses, limit in rows(counts)}
    assert used["FIRST20"][0] == used["FIRST20"][2] and used["FIRST20"][1] == UNHEARD_USES
    assert 0 < used["PINT200"][0] < 200
    assert all(used[code][0] > 0 for code in ("OPENING20", "NIGHTOWL", "SUMMER24", "FEAST25", "LUNCH2X"))
    logged = """
    select code, count(*) from sales join promos using (program_id, promo_id)
    where not promo_overused and promo_code is not null group by 1
    """
    assert dict(rows(logged)) == {code: uses for code, (uses, _, _) in used.items() if uses}
    bonuses = (
        "select distinct code from sales join promos using (program_id, promo_id) where promo_code is null"
    )
    assert set(rows(bonuses)) == {("MIDWEEK",), ("CP_LUNCH2X",)}


@pytest.mark.parametrize("now", [
    NOW, datetime(2024, 2, 29, 23, 59, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC),
])  # fmt: skip
def test_john_has_six_visits_whenever_the_demo_is_made(now: datetime) -> None:
    guests = guests_of_the_demo(3, Random(7))
    visits = visits_of(guests, now, "Europe/London", seed=7)
    assert visits == visits_of(guests, now, "Europe/London", seed=7)
    assert [visit.at for visit in visits] == sorted(visit.at for visit in visits)
    johns = [visit.at for visit in visits if guests[visit.guest] is JOHN]
    for days_later in (0, 14):
        later = now + timedelta(days=days_later)
        assert sum(at >= later - timedelta(days=28) for at in johns) == 6


def test_a_large_demo_has_thousands_of_guests_and_no_two_alike() -> None:
    guests = guests_of_the_demo(GUESTS["large"], Random(7))
    assert guests[0] is JOHN and len(guests) == GUESTS["large"] > PEOPLE["large"]
    fobs = [code for guest in guests for fob in guest.fobs for code in (fob.code, fob.replaced_by) if code]
    emails = [guest.email for guest in guests if guest.email]
    codes = [guest.qr_code for guest in guests]
    assert all(len(set(values)) == len(values) for values in (fobs, emails, codes))
