"""What a listing reads: the few who changed among very many, a page and no more, and nothing twice."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from regulars.db.database import Database
from regulars.features.members import store_listing
from regulars.features.members.model_listing import Form, Listing
from tests.support.enrolment import LATER, NOW, new_program

FORM = Form(identifiers_kind="rfid")
COUNT = 20_000
FILL = """
insert into members (program_id, member_id, number, name, created_at, updated_at)
select %(program_id)s, gen_random_uuid(), n, 'M', %(now)s, %(now)s from generate_series(1, %(count)s) n
"""
FILL_IDENTIFIERS = """
insert into identifiers (program_id, identifier_id, member_id, kind, value, created_at)
select program_id, number, member_id, 'rfid', 'F' || number, %(now)s from members
"""
CHANGE = "update members set updated_at = %(later)s where number %% 1000 = 7"


@pytest.fixture
async def program_id(database: Database, database_url: str) -> int:
    """A program with 20,000 members, of whom 20 have changed."""
    program_id = await new_program(database, "hub")
    values = {"program_id": program_id, "now": NOW, "later": LATER, "count": COUNT}
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
        for statement in (FILL, FILL_IDENTIFIERS, CHANGE):
            await owner.execute(statement, values)
        await owner.execute("vacuum analyze")
    return program_id


async def plan_of(database: Database, program_id: int, wanted: Listing) -> dict[str, Any]:
    """How the statement runs, planned for these values as COPY plans it."""
    values = store_listing.list_parameters(program_id, wanted)
    async with database.connection() as connection:
        text = psycopg.AsyncClientCursor(connection).mogrify(store_listing.LIST, values)
        inner = text.strip().removeprefix("copy (").removesuffix(") to stdout")
        cursor = await connection.execute(f"explain (analyze, buffers, format json) {inner}".encode())
        row = await cursor.fetchone()
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    return plan


def pages(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


async def test_the_few_who_changed_are_found_without_reading_the_others(
    database: Database, program_id: int
) -> None:
    plan = await plan_of(database, program_id, Listing(FORM, changed_after=LATER - timedelta(seconds=1)))
    assert plan["Actual Rows"] == 20
    assert pages(plan) < 200


@pytest.mark.parametrize("after", [0, COUNT // 2, COUNT - 200])
async def test_a_page_costs_the_same_wherever_it_is(database: Database, program_id: int, after: int) -> None:
    plan = await plan_of(database, program_id, Listing(FORM, after=after, limit=100))
    assert plan["Actual Rows"] == 100
    assert pages(plan) < 500


async def test_all_are_read_in_their_order_without_sorting(database: Database, program_id: int) -> None:
    plan = await plan_of(database, program_id, Listing(FORM))
    assert plan["Actual Rows"] == COUNT
    sorted_sets = [node for node in nodes(plan) if node["Node Type"] == "Sort" and node["Actual Rows"] > 1]
    assert sorted_sets == []
