"""What a customer may claim, asked together with other questions or alone."""

from datetime import datetime

from regulars.db.database import Database
from regulars.db.pipeline import Pipeline, Statement
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Assignment, Uses
from tests.support.enrolment import NOW
from tests.support.promos import PromoWorld, code_terms

END = datetime(2026, 6, 3, 23, 59, 59)


async def test_claims_are_what_the_single_questions_answer(database: Database) -> None:
    world = await PromoWorld.create(database)
    first, second = [await world.promo(code_terms(f"CODE{number}")) for number in range(2)]
    ann, bob = await world.customer(), await world.customer()
    assert await world.consume(first, ann) and await world.consume(first, bob)
    async with database.transaction() as connection:
        await promos.assign(connection, world.program_id, second.promo_id, ann, expires_at=END, now=NOW)
    ids = [first.promo_id, second.promo_id]
    async with database.connection() as connection:
        for member_id in (ann, bob, None):
            claims = await promos.claims_of(connection, world.program_id, ids, member_id)
            assert claims.uses == await promos.uses_of(connection, world.program_id, ids, member_id)
            assert claims.assignments == (
                await promos.assignments_of(connection, world.program_id, member_id) if member_id else []
            )
    assert claims.uses == {first.promo_id: Uses(2, 0), second.promo_id: Uses(0, 0)}


FIND = Statement("select set_config('regulars.member_id', %(member_id)s, true)")


async def test_claims_of_whoever_was_found_in_the_same_flush(database: Database) -> None:
    world = await PromoWorld.create(database)
    first, second = [await world.promo(code_terms(f"CODE{number}")) for number in range(2)]
    ann, bob = await world.customer(), await world.customer()
    assert await world.consume(first, ann) and await world.consume(first, bob)
    async with database.transaction() as connection:
        await promos.assign(connection, world.program_id, second.promo_id, ann, expires_at=END, now=NOW)
    ids = [first.promo_id, second.promo_id]
    async with database.connection() as connection:
        pipeline = Pipeline(connection)
        claims = []
        for member_id in (ann, bob):
            pipeline.send(FIND, {"member_id": str(member_id).encode()})
            claims.append(promos.claims_of_found(pipeline, world.program_id, ids))
        await pipeline.flush()
        assert [claim.assignments for claim in claims] == [[Assignment(second.promo_id, ann, END)], []]
        used = {first.promo_id: Uses(2, 1), second.promo_id: Uses(0, 0)}
        assert [claim.uses for claim in claims] == [used, used]
        # The next one who has the connection finds nobody.
        of_nobody = promos.claims_of_found(pipeline, world.program_id, ids[:1])
        await pipeline.flush()
    assert (of_nobody.assignments, of_nobody.uses) == ([], {first.promo_id: Uses(2, 0)})


async def test_where_there_is_nothing_to_ask_nothing_is_asked(database: Database) -> None:
    world = await PromoWorld.create(database)
    async with database.connection() as connection:
        await connection.close()
        claims = await promos.claims_of(connection, world.program_id, [], None)
    assert (claims.assignments, claims.uses) == ([], {})


async def test_what_was_prepared_may_be_gone(database: Database) -> None:
    world = await PromoWorld.create(database)
    promo = await world.promo()
    async with database.connection() as connection:
        for _ in range(2):
            claims = await promos.claims_of(connection, world.program_id, [promo.promo_id], None)
            assert claims.uses == {promo.promo_id: Uses()}
            await connection.execute("deallocate all")
