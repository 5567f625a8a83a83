"""Sales of many tills at once against a server with two workers: one ticket, one last use, all visits."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support.bars import Bars, open_bars, outcomes, sale
from tests.support.promos import code_terms
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

CROWD = 30
ROUNDS = bounded(2, 60)


@pytest_asyncio.fixture
async def bars(server: ServerProcess) -> AsyncIterator[Bars]:
    """Two hotels of the test's own."""
    async with open_bars(server) as bars:
        yield bars


@pytest.mark.parametrize(
    "limits",
    [{"usage_limit": 1}, {"usage_limit_per_customer": 1}, {"usage_limit": 1, "usage_limit_per_customer": 1}],
    ids=["overall", "per customer", "both"],
)
async def test_the_last_use_goes_once_and_every_sale_is_logged(bars: Bars, limits: dict[str, int]) -> None:
    promos = await bars.promos([code_terms(f"LAST{number}", **limits) for number in range(ROUNDS)])
    for number, promo in enumerate(promos):
        customer_id = await bars.register()
        requests = [
            bars.request(
                "/transaction",
                sale(customer_id, promo_code=promo.code, ticket_id=f"{number}-{turn}"),
                turn % 2,
            )
            for turn in range(CROWD)
        ]

        answers = await bars.at_once(requests)

        assert outcomes(answers) == {(201, None): CROWD}
        assert len({answer.body["transaction_id"] for answer in answers}) == CROWD
        flags = await bars.rows(
            "select promo_overused from sales where program_id = %(program_id)s and promo_id = %(promo_id)s",
            promo_id=promo.promo_id,
        )
        assert sorted(flags) == [(False,)] + [(True,)] * (CROWD - 1)


async def test_a_limit_per_customer_is_each_customers_own(bars: Bars) -> None:
    promo = await bars.promo(code_terms("TWICE", usage_limit_per_customer=2, usage_limit=7))
    customers = [await bars.register() for _ in range(5)]
    requests = [
        bars.request("/transaction", sale(customers[turn % 5], promo_code="twice"), turn % 2)
        for turn in range(CROWD)
    ]
    assert outcomes(await bars.at_once(requests)) == {(201, None): CROWD}
    uses = await bars.rows(
        "select uses from promo_member_uses where program_id = %(program_id)s and promo_id = %(promo_id)s",
        promo_id=promo.promo_id,
    )
    assert sum(count for (count,) in uses) == 7
    assert max(uses) == (2,)


@pytest.mark.parametrize("code", [None, "SUMMER24"])
async def test_one_ticket_is_one_sale_whoever_repeats_it(bars: Bars, code: str | None) -> None:
    """The same body has the same answer, another one is refused; nothing is counted twice."""
    customer_id = await bars.register()
    await bars.promo(code_terms())
    for number in range(ROUNDS):
        body = sale(customer_id, ticket_id=f"T-{number}", promo_code=code)
        other = {**body, "total_amount": 1}
        answers = await bars.at_once([bars.request("/transaction", body)] * 20)
        assert outcomes(answers) == {(201, None): 20}
        assert len({str(answer.body) for answer in answers}) == 1
        again = await bars.at_once([bars.request("/transaction", one) for one in (body, other)] * 10)
        assert {str(answer.body) for answer in again[::2]} == {str(answers[0].body)}
        assert outcomes(again[1::2]) == {(409, "duplicate_ticket"): 10}
        # At another hotel the same number is another ticket.
        assert (await bars.post("/transaction", other, hotel=1)).status == 201
    assert await bars.rows(
        "select count(*), sum(case when total_minor = 100 then 1 else 0 end) from sales"
        " where program_id = %(program_id)s"
    ) == [(2 * ROUNDS, ROUNDS)]


@pytest.mark.parametrize("code", [None, "SUMMER24"])
async def test_of_two_sales_under_one_ticket_one_is_logged(bars: Bars, code: str | None) -> None:
    customer_id = await bars.register()
    await bars.promo(code_terms())
    for number in range(ROUNDS):
        body = sale(customer_id, ticket_id=f"T-{number}", promo_code=code)
        requests = [bars.request("/transaction", one) for one in (body, {**body, "total_amount": 1})] * 15
        answers = await bars.at_once(requests)
        assert outcomes(answers) == {(201, None): 15, (409, "duplicate_ticket"): 15}
        assert outcomes(answers[::2]) in ({(201, None): 15}, {(409, "duplicate_ticket"): 15})


async def test_identify_sees_all_that_was_answered_and_nothing_that_was_not_asked(bars: Bars) -> None:
    """Visits never fall while sales are logged, and lie between those answered and those sent."""
    customer_id = await bars.register(email="jane@example.com")
    sent = answered = 0
    total = bounded(120, 3000)
    over = asyncio.Event()

    async def till() -> None:
        nonlocal sent, answered
        while sent < total:
            sent += 1
            await bars.ok("/transaction", sale(customer_id), hotel=sent % 2)
            answered += 1

    async def door() -> None:
        seen = 0
        while not over.is_set():
            at_least = answered
            said = await bars.ok("/identify", {"identifier": "JANE@example.com"}, hotel=1)
            assert max(seen, at_least) <= said["total_visits"] <= sent
            seen = said["total_visits"]

    doors = [asyncio.create_task(door()) for _ in range(3)]
    await asyncio.gather(*(till() for _ in range(6)))
    over.set()
    await asyncio.gather(*doors)
    said: dict[str, Any] = await bars.ok("/identify", {"identifier": "jane@example.com"})
    assert (said["total_visits"], said["tier"]) == (total, "Regular")
