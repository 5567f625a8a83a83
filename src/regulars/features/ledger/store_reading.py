"""The statements that read transfers: history, totals, balances of the past.

Each has one generic plan: a null parameter switches its line off. Pages of one account go by version, which
has no gaps, so that even an offset costs nothing; pages of a program go by transfer id, which follows time.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from regulars.base.ids import id_floor
from regulars.db.database import Connection
from regulars.features.ledger.model import AccountReference, Hold, Transfer
from regulars.features.ledger.model_lists import HistoryFilter, HistoryRow, PeriodTotals

EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
ID_SLACK = timedelta(seconds=2)
"""Ids and times of transfers agree to the millisecond; the time decides, the id only bounds the scan."""

# What belongs to a transfer is looked up row by row in subqueries with a limit: a join would be
# planned once, perhaps when there were no rows yet, and kept while the tables grow.
HISTORY_OF_PROGRAM: LiteralString = """
select a.member_id, to_json(t)::text, to_json(h)::text
from transfers t
cross join lateral (
    select a.member_id, a.asset from accounts a
    where a.program_id = %(program_id)s and a.account_id = t.account_id
    limit 1
) a
left join lateral (
    select * from holds h where h.program_id = %(program_id)s and h.hold_id = t.hold_id limit 1
) h on true
where t.program_id = %(program_id)s and a.asset = %(asset)s
    and t.transfer_id >= %(since_id)s and t.transfer_id < %(until_id)s
    and t.created_at >= %(since)s and t.created_at < %(until)s
    and (%(verbs)s::text[] is null or t.verb = any(%(verbs)s))
    and (%(actions)s::text[] is null or t.action = any(%(actions)s))
    and (%(actor)s::text is null or t.actor = %(actor)s)
    and (%(source)s::text is null or t.source = %(source)s)
order by t.transfer_id desc
limit %(limit)s offset %(offset)s
"""

HISTORY_OF_ACCOUNT: LiteralString = """
with account as (
    select a.account_id, a.member_id,
        least(
            case when %(until)s::timestamptz is null then a.version
                else version_before(%(program_id)s, a.account_id, %(until)s) end,
            coalesce(
                (select t.version - 1 from transfers t
                    where t.program_id = %(program_id)s and t.transfer_id = %(before)s),
                a.version
            )
        ) - %(skip)s as top,
        case when %(since)s::timestamptz is null then 0
            else version_before(%(program_id)s, a.account_id, %(since)s) end as bottom
    from accounts a
    where a.program_id = %(program_id)s and a.member_id = %(member_id)s and a.asset = %(asset)s
        and a.location_id = %(location_id)s
)
select a.member_id, to_json(t)::text, to_json(h)::text
from account a
cross join lateral (
    select t.* from transfers t
    where t.program_id = %(program_id)s and t.account_id = a.account_id
        and t.version <= a.top and t.version > a.bottom
        and (%(verbs)s::text[] is null or t.verb = any(%(verbs)s))
        and (%(actions)s::text[] is null or t.action = any(%(actions)s))
        and (%(actor)s::text is null or t.actor = %(actor)s)
        and (%(source)s::text is null or t.source = %(source)s)
    order by t.version desc
    limit %(limit)s offset %(offset)s
) t
left join holds h on h.program_id = %(program_id)s and h.hold_id = t.hold_id
order by t.version desc
"""

FIND_TRANSFER: LiteralString = """
select a.member_id, to_json(t)::text, to_json(h)::text
from transfers t
join accounts a on a.program_id = %(program_id)s and a.account_id = t.account_id
left join holds h on h.program_id = %(program_id)s and h.hold_id = t.hold_id
where t.program_id = %(program_id)s and t.transfer_id = %(transfer_id)s
"""

PERIOD_TOTALS: LiteralString = """
select coalesce(sum(t.amount) filter (where t.verb = 'earn'), 0)::bigint,
    coalesce(-sum(t.amount) filter (where t.verb in ('redeem', 'capture')), 0)::bigint,
    coalesce(sum(t.amount) filter (where t.verb = 'refund'), 0)::bigint
from accounts a
join transfers t on t.program_id = %(program_id)s and t.account_id = a.account_id
    and t.version > version_before(%(program_id)s, a.account_id, %(since)s)
where a.program_id = %(program_id)s and a.member_id = %(member_id)s and a.asset = %(asset)s
    and a.location_id = %(location_id)s
"""

BALANCE_AT: LiteralString = """
select t.balance_after
from accounts a
join transfers t on t.program_id = %(program_id)s and t.account_id = a.account_id
    and t.version = version_before(%(program_id)s, a.account_id, %(at)s)
where a.program_id = %(program_id)s and a.member_id = %(member_id)s and a.asset = %(asset)s
    and a.location_id = %(location_id)s
"""

_transfer = msgspec.json.Decoder(Transfer).decode
_hold = msgspec.json.Decoder(Hold).decode


async def list_history(connection: Connection, program_id: int, wanted: HistoryFilter) -> list[HistoryRow]:
    """The transfers that the filter wants, newest first."""
    filters: dict[str, Any] = {
        "verbs": [str(verb) for verb in wanted.verbs] or None,
        "actions": list(wanted.actions) or None,
        "actor": wanted.actor,
        "source": wanted.source,
    }
    parameters = {
        "program_id": program_id,
        "asset": wanted.asset,
        "limit": wanted.limit,
        **filters,
    }
    if wanted.member_id is None:
        return await _history(connection, HISTORY_OF_PROGRAM, parameters | _program_range(wanted))
    # Without filters every version counts, so that skipping rows is a subtraction.
    filtered = any(value is not None for value in filters.values())
    parameters |= {
        "member_id": wanted.member_id,
        "location_id": wanted.location_id,
        "since": wanted.since,
        "until": wanted.until,
        "before": wanted.before,
        "skip": 0 if filtered else wanted.offset,
        "offset": wanted.offset if filtered else 0,
    }
    return await _history(connection, HISTORY_OF_ACCOUNT, parameters)


async def find_transfer(connection: Connection, program_id: int, transfer_id: UUID) -> HistoryRow | None:
    """One transfer of the program."""
    parameters = {"program_id": program_id, "transfer_id": transfer_id}
    rows = await _history(connection, FIND_TRANSFER, parameters)
    return rows[0] if rows else None


async def period_totals(
    connection: Connection,
    program_id: int,
    reference: AccountReference,
    since: datetime,
) -> PeriodTotals:
    """What one account earned, redeemed and got refunded since a moment."""
    cursor = await connection.execute(PERIOD_TOTALS, {**_account(program_id, reference), "since": since})
    row = await cursor.fetchone()
    assert row is not None
    return PeriodTotals(*row)


async def balance_at(
    connection: Connection, program_id: int, reference: AccountReference, at: datetime
) -> int:
    """The balance by all that was booked before `at`."""
    cursor = await connection.execute(BALANCE_AT, {**_account(program_id, reference), "at": at})
    row = await cursor.fetchone()
    return row[0] if row else 0


def _account(program_id: int, reference: AccountReference) -> dict[str, Any]:
    return {
        "program_id": program_id,
        "member_id": reference.member_id,
        "asset": reference.asset,
        "location_id": reference.location_id,
    }


def _program_range(wanted: HistoryFilter) -> dict[str, Any]:
    since = max(wanted.since or EPOCH, EPOCH)
    until = min(wanted.until or FOREVER, FOREVER)
    until_id = id_floor(max(until + ID_SLACK, EPOCH))
    return {
        "since": since,
        "until": until,
        "since_id": id_floor(since - ID_SLACK),
        "until_id": min(until_id, wanted.before) if wanted.before is not None else until_id,
        "offset": wanted.offset,
    }


async def _history(
    connection: Connection, statement: LiteralString, parameters: dict[str, Any]
) -> list[HistoryRow]:
    cursor = await connection.execute(statement, parameters)
    return [
        HistoryRow(member_id, _transfer(transfer), _hold(hold) if hold else None)
        for member_id, transfer, hold in await cursor.fetchall()
    ]
