"""Claims of requests: one effect and one answer for each key, whoever comes when."""

import asyncio
from uuid import UUID

import pytest

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import transact
from regulars.features.replays.actions import ReplayAttempt, forget_replays, forget_replays_of
from regulars.features.replays.model import ReplayClaim, ReplayedAnswer
from tests.support.enrolment import LATER, NOW, new_program


def claim(
    program_id: int, key: str = "k", fingerprint: bytes = b"request", scope: str = "store"
) -> ReplayClaim:
    return ReplayClaim(program_id, scope, key, fingerprint, UUID(int=1))


async def once(database: Database, wanted: ReplayClaim, body: bytes = b"done") -> ReplayedAnswer | None:
    """What the request was answered before; None when this was the first time."""

    async def work(pipeline: Pipeline) -> ReplayedAnswer | None:
        attempt = ReplayAttempt(pipeline, wanted, NOW)
        await pipeline.flush()
        earlier = attempt.earlier_answer()
        if earlier is None:
            attempt.keep(ReplayedAnswer(201, body))
        return earlier

    async with database.connection() as connection:
        return await transact(connection, work)


async def test_the_first_answer_is_everybody_s(database: Database) -> None:
    wanted = claim(await new_program(database, "one"))
    every_byte = bytes(range(256))
    assert await once(database, wanted, every_byte) is None
    for _ in range(3):
        assert await once(database, wanted, b"another") == ReplayedAnswer(201, every_byte)


async def test_of_many_at_once_one_is_first(database: Database) -> None:
    wanted = claim(await new_program(database, "one"))
    found = await asyncio.gather(*(once(database, wanted, b"%d" % n) for n in range(9)))
    assert found.count(None) == 1
    assert len({str(one) for one in found if one is not None}) == 1


async def test_another_request_under_the_key_is_refused(database: Database) -> None:
    program_id = await new_program(database, "one")
    await once(database, claim(program_id))
    with pytest.raises(Refused) as caught:
        await once(database, claim(program_id, fingerprint=b"other"))
    assert caught.value.code == "replay_conflict"
    assert await once(database, claim(program_id)) == ReplayedAnswer(201, b"done")


async def test_keys_of_other_scopes_and_programs_are_others(database: Database) -> None:
    program_id, other = await new_program(database, "one"), await new_program(database, "two")
    for wanted in (claim(program_id), claim(program_id, scope="b"), claim(other), claim(program_id, "k2")):
        assert await once(database, wanted) is None


async def test_what_fails_leaves_the_key_free(database: Database) -> None:
    wanted = claim(await new_program(database, "one"))

    async def failing(pipeline: Pipeline) -> None:
        ReplayAttempt(pipeline, wanted, NOW)
        await pipeline.flush()
        raise Refused("wrong")

    async with database.connection() as connection:
        with pytest.raises(Refused):
            await transact(connection, failing)
    assert await once(database, wanted) is None


async def test_old_answers_and_those_of_the_erased_are_forgotten(database: Database) -> None:
    program_id = await new_program(database, "one")
    for number in range(5):
        await once(database, claim(program_id, f"k{number}"))
    async with database.connection() as connection:
        assert await forget_replays(connection, NOW, 10) == 0
        assert await forget_replays(connection, LATER, 2) == 2
        await forget_replays_of(connection, program_id, UUID(int=2))
        assert await forget_replays(connection, LATER, 1) == 1
        await forget_replays_of(connection, program_id, UUID(int=1))
        assert await forget_replays(connection, LATER, 10) == 0
