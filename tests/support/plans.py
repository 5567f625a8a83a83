"""The plans that a connection keeps for its statements: how they run, and what they touch."""

import math
import re
from typing import Any, LiteralString

from psycopg import AsyncConnection, sql

from regulars.db.connection import DISCARD_PLANS, Connection
from regulars.db.parameters import parameters
from regulars.db.pipeline import Pipeline, Statement
from regulars.db.transactions import BEGIN, ROLLBACK

PLANNED_AFTER = 6
"""psycopg prepares a statement when it comes for the sixth time."""


WITHOUT_AUTOVACUUM: LiteralString = """
select format('alter table %s set (autovacuum_enabled = off)', oid::regclass)
from pg_class
where relkind = 'r' and relnamespace = current_schema()::regnamespace
"""

Values = dict[str, Any]
Plan = dict[str, Any]


async def keep_first_plans(connection: Connection, owner: AsyncConnection) -> None:
    """The connection does not drop its plans as it ages, so that they are those of the first moment.

    Nor does autovacuum come by, which makes all plans anew, and poor ones where it looks at a table of which
    most rows are about to be committed. `owner` is the tables' owner.
    """
    connection._replans_at = math.inf
    cursor = await owner.execute(WITHOUT_AUTOVACUUM)
    for (command,) in await cursor.fetchall():
        await owner.execute(command)


async def plan_anew(connection: Connection) -> None:
    """The connection drops its plans, as it does whenever its age has doubled."""
    await connection.execute(DISCARD_PLANS)


async def plan_now(connection: Connection, statement: Statement, values: Values) -> None:
    """The connection prepares the statement and keeps its plan; what it writes is undone."""
    pipeline = Pipeline(connection)
    pipeline.send(BEGIN)
    pipeline.send(statement, parameters(**values))
    pipeline.send(ROLLBACK)
    await pipeline.flush()


async def plan_for_good(connection: Connection, statement: LiteralString, values: Values) -> None:
    """The connection keeps a plan for a statement of psycopg's, as it is made today."""
    for _ in range(PLANNED_AFTER):
        await connection.execute(statement, values)


async def plan_of(connection: Connection, statement: LiteralString | Statement, values: Values) -> Plan:
    """How the plan that the connection keeps runs with these values. What it writes is undone."""
    if isinstance(statement, Statement):
        query, names = statement.query.decode(), statement.parameters
    else:
        names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
        query = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", statement)
    cursor = await connection.execute(
        "select name from pg_prepared_statements where statement = %s and generic_plans > 0", [query]
    )
    row = await cursor.fetchone()
    assert row is not None, f"there is no generic plan: {query}"
    parameters = sql.SQL(", ").join(sql.Literal(values[name]) for name in names)
    command = sql.SQL("explain (analyze, buffers, format json) execute {}").format(sql.Identifier(row[0]))
    if names:
        command += sql.SQL("({})").format(parameters)
    # What a connection does for the first time reads the catalog too, which is no part of the plan.
    await _explained(connection, command)
    return await _explained(connection, command)


def check(statement: LiteralString | Statement, plan: Plan, pages_max: int) -> None:
    """The plan reads no table whole and touches few pages."""
    text = statement.text if isinstance(statement, Statement) else statement
    whole = [node.get("Relation Name") for node in nodes(plan) if node["Node Type"] == "Seq Scan"]
    assert not whole, f"reads all of {whole}: {text}"
    assert pages(plan) <= pages_max, f"touches {pages(plan)} pages: {text}"


def pages(plan: Plan) -> int:
    """How many pages were touched, in memory or not."""
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def nodes(plan: Plan) -> list[Plan]:
    """The plan's node and all below it."""
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]


async def _explained(connection: Connection, command: sql.Composed) -> Plan:
    # Not psycopg's own, whose rollback would deallocate the plans.
    await _send(connection, BEGIN)
    cursor = await connection.execute(command)
    row = await cursor.fetchone()
    await _send(connection, ROLLBACK)
    assert row is not None
    plan: Plan = row[0][0]["Plan"]
    return plan


async def _send(connection: Connection, statement: Statement) -> None:
    pipeline = Pipeline(connection)
    pipeline.send(statement)
    await pipeline.flush()
