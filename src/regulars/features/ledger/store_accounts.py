"""The statements with which a posting batch begins: what it reads under lock.

Each set of rows travels as one JSON parameter that `json_to_recordset` unpacks, which costs a third of what
arrays of parameters cost the client. Every statement names one program, so that the schema distributes by it.
"""

from collections.abc import Collection, Iterable
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.ledger.model import (
    AccountReference,
    AccountState,
    Claim,
    Hold,
    HoldStatus,
    Redemption,
    Refusal,
    Transfer,
)
from regulars.features.ledger.model_deciding import RefundTarget, Remembered
from regulars.features.ledger.store_rows import as_json, program

# Rows are looked up one by one in lateral subqueries with a limit, so that the generic plan is a nested loop
# over an index whatever the size of the tables was when a connection first planned it. The accounts are
# locked in the order of the references, which is sorted.
LOCK_ACCOUNTS = Statement("""
select a.account_id, a.member_id, a.asset, a.location_id, a.balance, a.held, a.credited, a.debited,
    a.owed, a.version, a.closed_at is not null, a.updated_at,
    exists (select from programs_told_of_transfers where program_id = %(program_id)s)
from (
    select r.member_id, r.asset, r.location_id
    from json_to_recordset(%(references)s::json) as r (member_id uuid, asset text, location_id integer)
    order by r.member_id, r.asset, r.location_id
) r
cross join lateral (
    select * from accounts a
    where a.program_id = %(program_id)s and a.member_id = r.member_id and a.asset = r.asset
        and a.location_id = r.location_id
    limit 1
    for update
) a
""")

_POSITIONS: LiteralString = """
from json_to_recordset(%(references)s::json) as r (member_id uuid, asset text, location_id integer)
cross join lateral (
    select * from accounts a
    where a.program_id = %(program_id)s and a.member_id = r.member_id and a.asset = r.asset
        and a.location_id = r.location_id
    limit 1
) a
left join lateral (
    select json_agg(h order by h.hold_id) as holds from holds h
    where h.program_id = %(program_id)s and h.account_id = a.account_id and h.status = 'pending'
) pending on true
left join lateral (
    select h.hold_id, h.status from holds h
    where h.program_id = %(program_id)s and h.account_id = a.account_id
    order by h.hold_id desc limit 1
) newest on true
left join lateral (
    select json_agg(d) as redemptions from (
        select d.transfer_id, d.account_id, d.redeemed, d.refunded, d.redeemed_at from redemptions d
        where d.program_id = %(program_id)s and d.account_id = a.account_id and d.refunded < d.redeemed
        order by d.transfer_id desc limit 64
    ) d
) refundable on true
"""

READ_POSITIONS = Statement(
    "select a.account_id, pending.holds::text, newest.hold_id, newest.status, refundable.redemptions::text"
    + _POSITIONS
    + "where newest.hold_id is not null or refundable.redemptions is not null"
)

# Without locks, account and position have to come from one statement: between two, somebody may post.
READ_ACCOUNTS: LiteralString = (
    "select a.account_id, a.member_id, a.asset, a.location_id, a.balance, a.held, a.credited, a.debited,"
    " a.owed, a.version, a.closed_at is not null, a.updated_at,"
    " a.account_id, pending.holds::text, newest.hold_id, newest.status, refundable.redemptions::text"
    + _POSITIONS
)
_READ_ACCOUNTS = Statement(READ_ACCOUNTS)

READ_CLAIMS = Statement("""
select c.scope, c.key, c.fingerprint, to_json(t)::text, c.refusal::text
from json_to_recordset(%(claims)s::json) as r (scope text, key text)
cross join lateral (
    select * from claims c
    where c.program_id = %(program_id)s and c.scope = r.scope and c.key = r.key
    limit 1
) c
left join lateral (
    select * from transfers t
    where t.program_id = %(program_id)s and t.transfer_id = c.transfer_id
    limit 1
) t on true
""")

READ_TARGETS = Statement("""
select t.transfer_id, t.account_id, d.redeemed, d.refunded, d.redeemed_at
from json_to_recordset(%(targets)s::json) as r (transfer_id uuid)
cross join lateral (
    select * from transfers t
    where t.program_id = %(program_id)s and t.transfer_id = r.transfer_id
    limit 1
) t
left join lateral (
    select * from redemptions d
    where d.program_id = %(program_id)s and d.transfer_id = r.transfer_id
    limit 1
) d on true
""")


class BatchState(msgspec.Struct):
    """What a batch decides on. The posting loop replaces entries as it decides.

    `is_told`: somebody wants to be told of the transfers; None, nothing was asked, and who tells finds out.
    """

    accounts: dict[AccountReference, AccountState]
    remembered: dict[tuple[str, str], Remembered]
    targets: dict[UUID, RefundTarget]
    is_told: bool | None = None


class _TargetRow(msgspec.Struct, frozen=True):
    transfer_id: UUID


_holds = msgspec.json.Decoder(tuple[Hold, ...]).decode
_redemptions = msgspec.json.Decoder(tuple[Redemption, ...]).decode
_transfer = msgspec.json.Decoder(Transfer).decode
_refusal = msgspec.json.Decoder(Refusal).decode


async def read_batch(
    pipeline: Pipeline,
    program_id: int,
    references: Collection[AccountReference],
    claims: Collection[Claim],
    redeem_ids: Collection[UUID],
) -> BatchState:
    """The accounts (locked, in sorted order), remembered claims and refund targets of a batch.

    One round trip, together with what was sent before. Later statements see what others committed before
    the locks were granted. Accounts that do not exist are left out.
    """
    parameters = {"program_id": program(program_id), "references": as_json(references)}
    accounts = pipeline.send(LOCK_ACCOUNTS, parameters)
    claimed = targets = None
    if claims:
        claimed = pipeline.send(READ_CLAIMS, parameters | {"claims": as_json(claims)})
    if redeem_ids:
        wanted = as_json([_TargetRow(redeem_id) for redeem_id in redeem_ids])
        targets = pipeline.send(READ_TARGETS, parameters | {"targets": wanted})
    positions = send_positions(pipeline, program_id, references)
    await pipeline.flush()
    return BatchState(
        accounts={state.reference: state for state in states_in(accounts.rows, positions.rows)},
        remembered=dict(map(_remembered, claimed.rows)) if claimed else {},
        targets=dict(map(_target, targets.rows)) if targets else {},
        is_told=accounts.rows[0][12] if accounts.rows else None,
    )


def send_positions(pipeline: Pipeline, program_id: int, references: Collection[AccountReference]) -> Sent:
    """What is open on accounts that are locked, with the next flush; `states_in` reads what it finds."""
    parameters = {"program_id": program(program_id), "references": as_json(references)}
    return pipeline.send(READ_POSITIONS, parameters)


def states_in(
    accounts: Iterable[tuple[Any, ...]], positions: Iterable[tuple[Any, ...]]
) -> list[AccountState]:
    """The accounts, in their order: rows that begin as those of LOCK_ACCOUNTS, and what is open on them."""
    details = {row[0]: row for row in positions}
    return [_account_state(row[:12], details.get(row[0])) for row in accounts]


async def read_accounts(
    connection: Connection, program_id: int, references: Collection[AccountReference]
) -> dict[AccountReference, AccountState]:
    """The accounts as they were at one moment, not locked. Those that do not exist are left out."""
    parameters = {"program_id": program_id, "references": as_json(references).decode()}
    cursor = await connection.execute(READ_ACCOUNTS, parameters, prepare=True, binary=True)
    return accounts_in(await cursor.fetchall())


def send_accounts(pipeline: Pipeline, program_id: int, references: Collection[AccountReference]) -> Sent:
    """The same with the next flush; `accounts_in` reads what it finds."""
    parameters = {"program_id": program(program_id), "references": as_json(references)}
    return pipeline.send(_READ_ACCOUNTS, parameters)


def accounts_in(rows: Iterable[tuple[Any, ...]]) -> dict[AccountReference, AccountState]:
    """What `send_accounts` found."""
    states = [_account_state(row[:12], row[12:]) for row in rows]
    return {state.reference: state for state in states}


def _account_state(row: tuple[Any, ...], details: tuple[Any, ...] | None) -> AccountState:
    account_id, member_id, asset, location_id, *figures, version, closed, updated_at = row
    balance, held, credited, debited, owed = figures
    _, holds, newest_id, newest_status, redemptions = details or (None,) * 5
    return AccountState(
        account_id=account_id,
        reference=AccountReference(member_id, asset, location_id),
        balance=balance,
        held=held,
        version=version,
        credited=credited,
        debited=debited,
        owed=owed,
        closed=closed,
        exists=True,
        updated_at=updated_at,
        holds=_holds(holds) if holds else (),
        newest_hold_id=newest_id,
        newest_hold_status=HoldStatus(newest_status) if newest_status else None,
        redemptions=_redemptions(redemptions) if redemptions else (),
    )


def _remembered(row: tuple[Any, ...]) -> tuple[tuple[str, str], Remembered]:
    scope, key, fingerprint, transfer, refusal = row
    return (scope, key), Remembered(
        fingerprint,
        _transfer(transfer) if transfer else None,
        _refusal(refusal) if refusal else None,
    )


def _target(row: tuple[Any, ...]) -> tuple[UUID, RefundTarget]:
    transfer_id, account_id, redeemed, refunded, redeemed_at = row
    if redeemed is None:
        return transfer_id, RefundTarget(account_id, None)
    redemption = Redemption(transfer_id, account_id, redeemed, refunded, redeemed_at)
    return transfer_id, RefundTarget(account_id, redemption)
