"""Lets the demo's venues trade: every order is paid, earns and redeems as a kiosk would have it.

Each has its order id, each cart its key and each event of Stripe's its own, so a second run finds what the
first one did and does the rest. What happens to one customer happens in its order, customers side by side.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from regulars.base.refusals import Refused
from regulars.db.database import Connection, Database
from regulars.demo.kiosks.customers import Customer
from regulars.demo.kiosks.subscriptions import News, news_of
from regulars.demo.kiosks.venues import find_venues
from regulars.demo.kiosks.visits import Refund, Visit, orders_of_strangers, refunds_of, visits_of
from regulars.demo.unhurried import unhurried
from regulars.features.access.model import Location, Program
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import Earned, PaidOrder, RequestKey
from regulars.features.members import actions as members
from regulars.features.memberships import actions as memberships
from regulars.features.memberships.applying import apply
from regulars.features.memberships.model import Owner, Picture
from regulars.features.passes import actions as passes
from regulars.features.payments import actions as payments

KEY_SCOPE = "demo"
CARTS_OPEN = 2
"""How many customers stand at a kiosk at the end, with a reward set aside."""

_EVERY_VENUE = 0
_SIDE_BY_SIDE = 3
_PART = 8
"""How many customers each connection takes before the progress is shown."""

_TAPS_BEFORE = timedelta(minutes=2)
_REDEEMS_AFTER = timedelta(seconds=5)


async def trade(
    database: Database,
    program: Program,
    customers: Sequence[Customer],
    *,
    until: datetime,
    seed: int,
    show_progress: Callable[[float], None],
) -> None:
    """Lets everything happen before `until`; `show_progress` is told what part of 1.0 is done."""
    async with database.connection() as connection:
        venues = await find_venues(connection, program.program_id)
    kiosks = _Kiosks(program, venues, until, seed)
    streams: list[Customer | list[Visit]] = [*customers, *orders_of_strangers(len(customers), until, seed)]
    for done in range(0, len(streams), _SIDE_BY_SIDE * _PART):
        part = streams[done : done + _SIDE_BY_SIDE * _PART]
        async with asyncio.TaskGroup() as group:
            for first in range(_SIDE_BY_SIDE):
                group.create_task(kiosks.run(database, part[first::_SIDE_BY_SIDE]))
        show_progress((done + len(part)) / len(streams))
    async with database.connection() as connection:
        await kiosks.open_carts(connection, customers)


class _Kiosks:
    """The kiosks of all venues."""

    def __init__(self, program: Program, venues: dict[str, Location], until: datetime, seed: int) -> None:
        self._program, self._venues, self._until, self._seed = program, venues, until, seed
        self._rewards_per_period = memberships.terms_of(program).rewards_per_period

    async def run(self, database: Database, streams: Sequence[Customer | list[Visit]]) -> None:
        """What happened to these customers, and the orders of strangers, one after the other."""
        async with database.connection() as connection, unhurried(connection):
            for stream in streams:
                if isinstance(stream, Customer):
                    await self._live(connection, stream)
                else:
                    for visit in stream:
                        await self._pay(connection, visit, None, visit.total_minor)

    async def open_carts(self, connection: Connection, customers: Sequence[Customer]) -> None:
        """Sets a reward aside for some who have one, at the last moment."""
        opened = 0
        for customer in customers:
            if opened == CARTS_OPEN:
                return
            member_id = await self._member_id(connection, customer)
            venue, cart = self._venues[customer.home], f"cart_demo_{customer.number}"
            opened += await self._hold(connection, venue, cart, member_id, self._until) > 0

    async def _live(self, connection: Connection, customer: Customer) -> None:
        member_id = await self._member_id(connection, customer)
        hopes = Counter[str]()
        for happening in self._happenings(customer):
            if isinstance(happening, News):
                await self._hear(connection, customer, member_id, happening)
                hopes[customer.home] += happening.event.type == "invoice.paid"
            elif isinstance(happening, Refund):
                await self._give_back(connection, happening)
            else:
                has_reason = happening.wants_reward and hopes[happening.venue] > 0
                hopes[happening.venue] += await self._order(
                    connection, customer, member_id, happening, asks=has_reason
                )

    def _happenings(self, customer: Customer) -> list[Visit | Refund | News]:
        visits = visits_of(customer, self._until, self._seed)
        happenings: list[Visit | Refund | News] = [
            *visits,
            *refunds_of(visits, self._until),
            *news_of(customer, self._until),
        ]
        return sorted(happenings, key=lambda happening: happening.at)

    async def _member_id(self, connection: Connection, customer: Customer) -> UUID:
        member = await members.find(connection, self._program.program_id, "phone", customer.phone)
        assert member is not None, "customers are enrolled with their phones"
        return member.member_id

    async def _hear(self, connection: Connection, customer: Customer, member_id: UUID, news: News) -> None:
        """Writes down what Stripe told."""
        assert customer.plan is not None
        home_id = self._venues[customer.home].location_id
        owner = Owner(
            program_id=self._program.program_id,
            member_id=member_id,
            location_id=_EVERY_VENUE if customer.plan.everywhere else home_id,
            sold_at_location_id=home_id,
            rewards_per_period=self._rewards_per_period,
        )
        picture = Picture(
            question_number=await payments.next_question(connection),
            owner=owner,
            subscription=news.subscription,
            invoice=news.invoice,
            charge=news.charge,
        )
        await apply(connection, picture, news.event, lambda: news.at)

    async def _order(
        self, connection: Connection, customer: Customer, member_id: UUID, visit: Visit, *, asks: bool
    ) -> int:
        """How many rewards more the customer has after having tapped, asked for one perhaps, and paid.

        Which is what the order says that it changed, when it is told for the second time as well.
        """
        venue, total_minor = self._venues[visit.venue], visit.total_minor
        tapped_at = visit.at - _TAPS_BEFORE
        if visit.venue != customer.home:
            await passes.issue(connection, venue.program_id, venue.location_id, member_id, tapped_at)
        if visit.by_cart:
            await kiosk.attach(connection, venue, visit.cart_session_id, member_id, lambda: tapped_at)
        taken_off = (
            await self._hold(connection, venue, visit.cart_session_id, member_id, tapped_at) if asks else 0
        )
        paid_by = None if visit.by_cart else member_id
        earned = await self._pay(connection, visit, paid_by, total_minor - taken_off)
        if taken_off > 0:
            await self._redeem(connection, visit)
        return earned.rewards_converted - (taken_off > 0)

    async def _hold(
        self, connection: Connection, venue: Location, cart: str, member_id: UUID, at: datetime
    ) -> int:
        """What a reward takes off the cart, 0 where the customer has none after all."""
        key = RequestKey(KEY_SCOPE, cart)
        try:
            held = await kiosk.apply_reward(
                connection, self._program, venue, cart, member_id, 1, key, lambda: at
            )
        except Refused:
            return 0
        return held.discount_minor

    async def _pay(
        self, connection: Connection, visit: Visit, member_id: UUID | None, total_minor: int
    ) -> Earned:
        order = PaidOrder(
            order_id=visit.order_id,
            payment_event_id=visit.payment_event_id,
            total_minor=total_minor,
            paid_at=visit.at,
            member_id=member_id,
            cart_session_id=visit.cart_session_id,
        )
        venue = self._venues[visit.venue]
        return await kiosk.earn(connection, self._program, venue, order, lambda: visit.at)

    async def _redeem(self, connection: Connection, visit: Visit) -> None:
        await kiosk.redeem(
            connection,
            self._program,
            self._venues[visit.venue],
            visit.order_id,
            visit.payment_event_id,
            visit.cart_session_id,
            lambda: visit.at + _REDEEMS_AFTER,
        )

    async def _give_back(self, connection: Connection, refund: Refund) -> None:
        await kiosk.take_back_order(
            connection,
            self._program,
            self._venues[refund.visit.venue],
            refunded_minor=refund.refunded_minor,
            order_id=refund.visit.order_id,
            clock=lambda: refund.at,
        )
