"""What the demo's kiosks have to show: to a kiosk, to a customer, and to an operator."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from regulars.base.phone import to_e164
from regulars.db.database import Database
from regulars.demo.kiosks.customers import FIRST, OPENED_DAYS_AGO, Customer, customers_of_the_demo
from regulars.demo.kiosks.subscriptions import news_of
from regulars.demo.kiosks.trade import CARTS_OPEN
from regulars.demo.kiosks.venues import SOHO, TEMPLE_BAR, VENUES, find_venues
from regulars.demo.kiosks.visits import orders_of_strangers, visits_of
from regulars.demo.seed import CUSTOMERS
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.rules_branding import branding_of
from regulars.features.kiosk.verify import verify as verify_kiosks
from regulars.features.ledger.actions import verify as verify_ledger
from regulars.features.memberships.model import MembershipStatus
from regulars.features.memberships.verify import verify as verify_memberships
from tests.cli.seeded import NOW

MOMENTS = [
    NOW, datetime(2024, 2, 29, 23, 59, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2027, 1, 1, 0, 0, 1, 600_000, tzinfo=UTC),
]  # fmt: skip


def test_two_venues_with_their_own_money_and_clock(rows: Any) -> None:
    venues = """
    select slug, name, currency, time_zone, settings ->> 'sessions.phone_region' from locations
    where slug like 'venue%%' order by 1
    """
    assert rows(venues) == [
        ("venue_001", "Sessions Soho", "GBP", "Europe/London", "GB"),
        ("venue_002", "Sessions Temple Bar", "EUR", "Europe/Dublin", "IE"),
    ]


async def test_each_venue_has_its_branding(demo_url: str) -> None:
    database = await Database.open(demo_url)
    async with database.connection() as connection:
        venues = await find_venues(connection, 1)
    await database.close()
    assert {slug: branding_of(venue) for slug, venue in venues.items()} == {
        venue.slug: venue.branding for venue in VENUES
    }


def test_customers_give_a_phone_number_and_have_a_card(rows: Any) -> None:
    found = rows("""
    select m.number, m.name, m.phone, count(*) filter (where i.kind = 'phone' and i.value = m.phone),
        count(*) filter (where i.kind = 'pass')
    from members m join identifiers i using (program_id, member_id)
    where handle is null and home_location_id is null and phone is not null group by 1, 2, 3
    """)
    assert len(found) == CUSTOMERS["small"]
    assert all((name, phones) == ("", 1) and cards >= 1 for _, name, _, phones, cards in found)
    assert sum(cards == 2 for *_, cards in found) > 5, "some have been at both venues"
    numbers = [phone for _, _, phone, *_ in found]
    assert len(set(numbers)) == len(numbers) and all(to_e164(phone) == phone for phone in numbers)
    assert "+447700900000" not in numbers, "the published example has to be free"


def test_no_phone_number_is_in_the_ids_of_orders_or_subscriptions(rows: Any) -> None:
    ids = rows("select order_id || payment_event_id || coalesce(cart_session_id, '') from paid_orders")
    ids += rows("select subscription_id || coalesce(stripe_customer_id, '') from memberships")
    phones = [
        phone[-9:] for (phone,) in rows("select phone from members where name = '' and phone is not null")
    ]
    assert len(phones) == CUSTOMERS["small"]
    assert not any(phone in text for (text,) in ids for phone in phones)


def test_months_of_orders_lie_before_the_demo_begins(rows: Any) -> None:
    span = """
    select l.slug, count(*), min(o.created_at), max(o.created_at),
        count(distinct date_trunc('month', o.created_at)), count(member_id)::float / count(*)
    from paid_orders o join locations l using (program_id, location_id) group by 1 order by 1
    """
    found = rows(span)
    assert [slug for slug, *_ in found] == [SOHO.slug, TEMPLE_BAR.slug]
    for _, count, first, last, months, identified in found:
        assert count > 300 and months >= 6
        assert NOW - timedelta(days=OPENED_DAYS_AGO + 1) < first
        assert NOW - timedelta(days=2) < last < NOW
        assert 0.4 < identified < 0.9
    assert rows("select 1 from paid_orders where created_at > %(now)s or updated_at > %(now)s") == []
    currencies = "select distinct l.slug, o.currency from paid_orders o join locations l using (location_id)"
    assert sorted(rows(currencies)) == [("venue_001", "GBP"), ("venue_002", "EUR")]


def test_points_and_rewards_are_what_the_rules_make_of_the_orders(rows: Any) -> None:
    """One point for each whole pound or euro, two for live members."""
    wrong = """
    select order_id from paid_orders
    where status = 'earned' and points_earned not in (total_minor / 100, 2 * (total_minor / 100))
    """
    assert rows(wrong) == []
    [(single, double)] = rows("""
    select count(*) filter (where points_earned = total_minor / 100),
        count(*) filter (where points_earned = 2 * (total_minor / 100))
    from paid_orders where status = 'earned'
    """)
    assert single > 100 and double > 100
    [(points, rewards, owed)] = rows("""
    select count(*) filter (where asset = 'points' and balance between 1 and 99),
        count(*) filter (where asset = 'rewards' and balance - held > 0), sum(owed)
    from accounts a join locations l on l.location_id = a.location_id where l.slug like 'venue%%'
    """)
    assert points > 50 and rewards > 15 and owed == 0
    assert rows("select 1 from accounts where asset = 'points' and location_id > 2 and balance >= 100") == []


def test_rewards_were_redeemed_and_a_few_carts_hold_one(rows: Any) -> None:
    statuses = dict(rows("select status, count(*) from cart_holds group by 1"))
    assert statuses["active"] == CARTS_OPEN and statuses["redeemed"] > 30
    open_holds = "select min(created_at), min(expires_at) from cart_holds where status = 'active'"
    assert rows(open_holds) == [(NOW, NOW + timedelta(minutes=15))]
    [(redeemed,)] = rows("select sum(rewards) from redeemed_orders")
    assert redeemed == statuses["redeemed"]


def test_orders_were_refunded_in_part_and_in_full(rows: Any) -> None:
    refunds = """
    select count(*) filter (where refunded_minor >= total_minor),
        count(*) filter (where refunded_minor < total_minor),
        count(*) filter (where points_taken_back = 0 and points_earned > 1)
    from paid_orders where refunded_minor > 0
    """
    [(full, part, nothing_taken)] = rows(refunds)
    assert full >= 3 and part >= 3 and nothing_taken == 0


def test_memberships_are_there_in_every_state(rows: Any) -> None:
    statuses = Counter(status for (status,) in rows("select status from memberships"))
    assert set(statuses) == {"active", "trialing", "past_due", "canceled"}
    assert statuses["active"] > 10
    [(periods, months)] = rows("select count(*), count(distinct period_start::date) from membership_periods")
    assert periods > 40 and months > 20
    granted = "select count(*) from transfers where action = 'membership_grant'"
    assert rows(granted) == [(periods,)], "one reward for each paid period"
    assert rows("select taken_back from membership_periods where taken_back > 0") == [(1,)]
    unpaid = """
    select 1 from memberships m join membership_periods p using (program_id, subscription_id, period_start)
    where m.status in ('past_due', 'trialing')
    """
    assert rows(unpaid) == []
    everywhere = """
    select 1 from memberships where location_id = 0 and sold_at_location_id = 3 and status = 'active'
    """
    assert len(rows(everywhere)) == 1


async def test_the_monthly_job_has_nothing_left_to_grant(demo_url: str) -> None:
    """What an invoice granted, the job does not grant again."""
    due = """
    select 1 from memberships where status = 'active' and period_is_paid
        and granted_period_start is distinct from period_start
    """
    database = await Database.open(demo_url)
    async with database.connection() as connection:
        assert await (await connection.execute(due)).fetchall() == []
        assert await verify_ledger(connection) == []
        assert await verify_kiosks(connection) == []
        assert await verify_memberships(connection) == []
        venues = await find_venues(connection, 1)
        since = NOW - timedelta(days=1)
        figures = await kiosk.figures_since(connection, 1, venues[SOHO.slug].location_id, since)
    await database.close()
    assert figures.paid_orders > figures.identified_orders > 0, "a day of yesterday is on the admin page"


@pytest.mark.parametrize("now", MOMENTS)
def test_the_plan_is_the_same_whenever_it_is_made_and_ends_now(now: datetime) -> None:
    customers = customers_of_the_demo(40, Random(7))
    assert customers == customers_of_the_demo(40, Random(7))
    for customer in customers:
        visits = visits_of(customer, now, seed=7)
        assert visits == visits_of(customer, now, seed=7)
        assert [visit.at for visit in visits] == sorted(visit.at for visit in visits)
        assert all(visit.at < now for visit in visits)
        news = news_of(customer, now)
        assert [told.at for told in news] == sorted(told.at for told in news)
        assert all(told.at < now for told in news)
        periods = [told.subscription.period for told in news if told.subscription.period]
        assert len(periods) == len(news), "each event tells of a period"
        assert all(period.start.microsecond == 0 for period in periods), "Stripe counts in whole seconds"
    strangers = [visit for month in orders_of_strangers(40, now, seed=7) for visit in month]
    assert strangers and all(visit.at < now for visit in strangers)


@pytest.mark.parametrize("size", CUSTOMERS)
def test_orders_and_phones_are_nobody_elses(size: Any) -> None:
    customers = customers_of_the_demo(CUSTOMERS[size], Random(7))
    assert len({customer.phone for customer in customers}) == CUSTOMERS[size]
    orders = [visit.order_id for customer in customers for visit in visits_of(customer, NOW, seed=7)]
    orders += [
        visit.order_id for month in orders_of_strangers(len(customers), NOW, seed=7) for visit in month
    ]
    assert len(set(orders)) == len(orders) and max(map(len, orders)) < 40


@pytest.mark.parametrize(
    ("status", "last"),
    [
        (MembershipStatus.ACTIVE, "active"),
        (MembershipStatus.TRIALING, "trialing"),
        (MembershipStatus.PAST_DUE, "past_due"),
        (MembershipStatus.CANCELED, "canceled"),
    ],
)
def test_every_membership_ends_as_planned(status: MembershipStatus, last: str) -> None:
    customers = [*customers_of_the_demo(CUSTOMERS["large"], Random(7)), *FIRST]
    planned: list[Customer] = [each for each in customers if each.plan and each.plan.status is status]
    assert len(planned) > 5
    for customer in planned:
        assert news_of(customer, NOW)[-1].subscription.status == last
