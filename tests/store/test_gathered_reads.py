"""Questions of many requests in one exchange: each gets its own answer, or its own error."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable

import psycopg
import pytest
import pytest_asyncio
from psycopg import errors

from regulars.db.database import Database, DatabaseUnavailable
from regulars.db.gathered_reads import QUESTIONS_MAX, GatheredReads
from regulars.db.handover import statement_after
from regulars.db.pipeline import Pipeline, Sent, Statement

ECHO = Statement("select %(text)s::text")
DIVIDE = Statement("select 1 / %(by)s::integer")
SLEEP = Statement("select pg_sleep(%(seconds)s::float8)")
PROCESS = Statement("select pg_backend_pid()")
LEAVE = Statement("select set_config('regulars.found', %(text)s::text, true)")
FIND = statement_after("select %(found)s", "found", "text")


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.open(database_url, connections_max=3, statement_timeout_seconds=1)
    yield database
    await database.close()


@pytest.fixture
def reads(database: Database) -> GatheredReads:
    return GatheredReads(database)


def echo(text: str) -> Callable[[Pipeline], Sent]:
    return lambda pipeline: pipeline.send(ECHO, {"text": text.encode()})


def divide(by: bytes) -> Callable[[Pipeline], Sent]:
    return lambda pipeline: pipeline.send(DIVIDE, {"by": by})


async def test_each_of_a_crowd_gets_its_own_answer(reads: GatheredReads) -> None:
    words = [f"word {number}" for number in range(5 * QUESTIONS_MAX)]
    answers = await asyncio.gather(*(reads.ask(echo(word)) for word in words))
    assert [answer.rows for answer in answers] == [[(word,)] for word in words]


async def test_a_crowd_takes_two_connections_and_few_exchanges(
    reads: GatheredReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchanges = Counter[str]()
    flush = Pipeline.flush

    async def counted(pipeline: Pipeline) -> None:
        exchanges["all"] += 1
        await flush(pipeline)

    monkeypatch.setattr(Pipeline, "flush", counted)
    answers = await asyncio.gather(*(reads.ask(lambda p: p.send(PROCESS)) for _ in range(QUESTIONS_MAX)))
    assert len({answer.rows[0][0] for answer in answers}) <= 2
    assert exchanges["all"] <= 2


async def test_what_one_leaves_to_its_own_statements_is_its_own(reads: GatheredReads) -> None:
    def question(text: str) -> Callable[[Pipeline], Sent]:
        def send(pipeline: Pipeline) -> Sent:
            pipeline.send(LEAVE, {"text": text.encode()})
            return pipeline.send(FIND)

        return send

    answers = await asyncio.gather(*(reads.ask(question(text)) for text in ("a", "", "b")))
    assert [answer.rows for answer in answers] == [[("a",)], [(None,)], [("b",)]]
    assert (await reads.ask(lambda pipeline: pipeline.send(FIND))).rows == [(None,)]


async def test_a_refused_statement_is_its_own_askers_error(reads: GatheredReads) -> None:
    outcomes = await asyncio.gather(
        *(reads.ask(divide(by)) for by in (b"1", b"0", b"1", b"x")), reads.ask(echo("ok")),
        return_exceptions=True,
    )  # fmt: skip
    assert [type(outcome) for outcome in outcomes] == [
        Sent, errors.DivisionByZero, Sent, errors.InvalidTextRepresentation, Sent,
    ]  # fmt: skip


async def test_what_cannot_even_be_sent_is_its_own_askers_error(reads: GatheredReads) -> None:
    outcomes = await asyncio.gather(
        reads.ask(echo("a")), reads.ask(echo("b\0")), reads.ask(echo("c")), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [Sent, psycopg.DataError, Sent]


async def test_who_asks_for_too_long_may_come_back_and_others_are_answered(reads: GatheredReads) -> None:
    outcomes = await asyncio.gather(
        reads.ask(lambda pipeline: pipeline.send(SLEEP, {"seconds": b"30"})),
        reads.ask(echo("others")),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], DatabaseUnavailable)
    assert isinstance(outcomes[1], Sent) and outcomes[1].rows == [("others",)]


async def test_a_database_that_is_gone_may_come_back(database_url: str) -> None:
    ended = (
        "select pg_terminate_backend(pid) from pg_stat_activity where query ~ 'pg_sleep' and state = 'active'"
        " and pid <> pg_backend_pid() and datname = current_database()"
    )
    database = await Database.open(database_url, connections_max=3)
    reads = GatheredReads(database)
    asking = [
        asyncio.create_task(reads.ask(lambda pipeline: pipeline.send(SLEEP, {"seconds": b"20"})))
        for _ in range(2)
    ]
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
        while not await (await owner.execute(ended)).fetchall():
            assert not asking[0].done()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DatabaseUnavailable] * 2
    assert (await reads.ask(echo("again"))).rows == [("again",)]
    await database.close()
