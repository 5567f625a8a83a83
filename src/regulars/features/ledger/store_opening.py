"""The statements that open accounts: nobody has one before something is posted to it."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from regulars.base.ids import new_id
from regulars.db.pipeline import Pipeline, Statement
from regulars.features.ledger.model import AccountReference, AccountState
from regulars.features.ledger.store_rows import as_json, program

OPEN_ACCOUNTS = Statement("""
insert into accounts (program_id, account_id, member_id, asset, location_id, updated_at)
select %(program_id)s, r.account_id, r.member_id, r.asset, r.location_id, r.updated_at
from json_to_recordset(%(accounts)s::json) as r (
    account_id uuid, member_id uuid, asset text, location_id integer, updated_at timestamptz
)
cross join lateral (
    select 1 from members m
    where m.program_id = %(program_id)s and m.member_id = r.member_id and m.status <> 'erased'
    limit 1
    for share
) m
order by r.member_id, r.asset, r.location_id
on conflict (program_id, member_id, asset, location_id) do nothing
returning account_id
""")


IS_ANY_THERE = Statement("""
select 1
from json_to_recordset(%(references)s::json) as r (member_id uuid, asset text, location_id integer)
cross join lateral (
    select 1 from accounts a
    where a.program_id = %(program_id)s and a.member_id = r.member_id and a.asset = r.asset
        and a.location_id = r.location_id
    limit 1
) a
limit 1
""")


class _OpeningRow(msgspec.Struct, frozen=True):
    account_id: UUID
    member_id: UUID
    asset: str
    location_id: int
    updated_at: datetime


async def open_accounts(
    pipeline: Pipeline,
    program_id: int,
    references: Iterable[AccountReference],
    now: datetime,
) -> dict[AccountReference, AccountState]:
    """New accounts for members who are not erased, at zero, locked by having been made here.

    Left out are references whose member is erased and those that another transaction opened meanwhile.
    """
    rows = {
        reference: _OpeningRow(new_id(), reference.member_id, reference.asset, reference.location_id, now)
        for reference in references
    }
    parameters = {"program_id": program(program_id), "accounts": as_json(list(rows.values()))}
    sent = pipeline.send(OPEN_ACCOUNTS, parameters)
    await pipeline.flush()
    opened = {row[0] for row in sent.rows}
    return {
        reference: AccountState(account_id=row.account_id, reference=reference, exists=True)
        for reference, row in rows.items()
        if row.account_id in opened
    }


async def is_any_there(pipeline: Pipeline, program_id: int, references: Collection[AccountReference]) -> bool:
    """Whether one of these accounts exists. Nothing is locked."""
    parameters = {"program_id": program(program_id), "references": as_json(references)}
    sent = pipeline.send(IS_ANY_THERE, parameters)
    await pipeline.flush()
    return bool(sent.rows)
