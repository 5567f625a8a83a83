"""The statements with which a posting batch ends: all that it writes."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from regulars.db.pipeline import Pipeline, Statement
from regulars.features.ledger.model import AccountState, Hold, Redemption, Refusal, Transfer
from regulars.features.ledger.store_rows import as_json, as_text, program

# The ids come a second time as an array, because a join alone would be planned as a hash of all accounts.
WRITE_POSTINGS = Statement("""
with written_transfers as (
    insert into transfers (
        program_id, transfer_id, account_id, version, verb, action, amount, balance_after, counterparty,
        parent_id, hold_id, source, actor, reason, note, origin_id, metadata, idempotency_key,
        effective_at, created_at
    )
    select %(program_id)s, r.transfer_id, r.account_id, r.version, r.verb, r.action, r.amount,
        r.balance_after, r.counterparty, r.parent_id, r.hold_id, r.source, r.actor, r.reason, r.note,
        r.origin_id, r.metadata, r.idempotency_key, r.created_at, r.created_at
    from json_to_recordset(%(transfers)s::json) as r (
        transfer_id uuid, account_id uuid, version bigint, verb text, action text, amount bigint,
        balance_after bigint, counterparty text, parent_id uuid, hold_id uuid, source text, actor text,
        reason text, note text, origin_id uuid, metadata jsonb, idempotency_key text,
        created_at timestamptz
    )
),
written_claims as (
    insert into claims (program_id, scope, key, fingerprint, transfer_id, refusal, created_at)
    select %(program_id)s, r.scope, r.key, r.fingerprint, r.transfer_id, r.refusal, r.created_at
    from json_to_recordset(%(claims)s::json) as r (
        scope text, key text, fingerprint bytea, transfer_id uuid, refusal jsonb, created_at timestamptz
    )
)
update accounts a
set balance = r.balance, held = r.held, credited = r.credited, debited = r.debited, owed = r.owed,
    version = r.version, updated_at = r.updated_at
from json_to_recordset(%(accounts)s::json) as r (
    account_id uuid, balance bigint, held bigint, credited bigint, debited bigint, owed bigint,
    version bigint, updated_at timestamptz
)
where a.program_id = %(program_id)s and a.account_id = r.account_id
    and a.account_id = any(%(account_ids)s::uuid[])
""")

# One posting by itself, which is what a quiet server is asked for, goes without the detour over JSON: three
# plain statements took 130 µs where the one above took 190.
WRITE_TRANSFER = Statement("""
insert into transfers (
    program_id, transfer_id, account_id, version, verb, action, amount, balance_after, counterparty,
    parent_id, hold_id, source, actor, reason, note, origin_id, metadata, idempotency_key,
    effective_at, created_at
)
values (
    %(program_id)s, %(transfer_id)s, %(account_id)s, %(version)s, %(verb)s, %(action)s, %(amount)s,
    %(balance_after)s, %(counterparty)s, %(parent_id)s, %(hold_id)s, %(source)s, %(actor)s, %(reason)s,
    %(note)s, %(origin_id)s, %(metadata)s, %(idempotency_key)s, %(created_at)s, %(created_at)s
)
""")

WRITE_CLAIM = Statement("""
insert into claims (program_id, scope, key, fingerprint, transfer_id, refusal, created_at)
values (
    %(program_id)s, %(scope)s, %(key)s, %(fingerprint)s, %(transfer_id)s, %(refusal)s, %(created_at)s
)
""")

WRITE_ACCOUNT = Statement("""
update accounts
set balance = %(balance)s, held = %(held)s, credited = %(credited)s, debited = %(debited)s,
    owed = %(owed)s, version = %(version)s, updated_at = %(updated_at)s
where program_id = %(program_id)s and account_id = %(account_id)s
""")

WRITE_HOLDS = Statement("""
insert into holds (
    program_id, hold_id, account_id, amount, status, captured, expires_at, subject, note, created_at,
    closed_at
)
select %(program_id)s, r.hold_id, r.account_id, r.amount, r.status, r.captured, r.expires_at, r.subject,
    r.note, r.created_at, r.closed_at
from json_to_recordset(%(holds)s::json) as r (
    hold_id uuid, account_id uuid, amount bigint, status text, captured bigint, expires_at timestamptz,
    subject jsonb, note text, created_at timestamptz, closed_at timestamptz
)
on conflict (program_id, hold_id) do update
set account_id = excluded.account_id, amount = excluded.amount, status = excluded.status,
    captured = excluded.captured, closed_at = excluded.closed_at
""")

WRITE_REDEMPTIONS = Statement("""
insert into redemptions (program_id, transfer_id, account_id, redeemed, refunded, redeemed_at)
select %(program_id)s, r.transfer_id, r.account_id, r.redeemed, r.refunded, r.redeemed_at
from json_to_recordset(%(redemptions)s::json) as r (
    transfer_id uuid, account_id uuid, redeemed bigint, refunded bigint, redeemed_at timestamptz
)
on conflict (program_id, transfer_id) do update set refunded = excluded.refunded
""")


class ClaimRow(msgspec.Struct, frozen=True):
    """A claim with the outcome that it remembers, as it is written."""

    scope: str
    key: str
    fingerprint: str
    transfer_id: UUID | None
    refusal: Refusal | None
    created_at: datetime


class _AccountRow(msgspec.Struct, frozen=True):
    account_id: UUID
    balance: int
    held: int
    credited: int
    debited: int
    owed: int
    version: int
    updated_at: datetime | None


def write_batch(
    pipeline: Pipeline,
    program_id: int,
    *,
    transfers: Sequence[Transfer],
    accounts: Collection[AccountState],
    claims: Sequence[ClaimRow],
    holds: Collection[Hold],
    redemptions: Collection[Redemption],
) -> None:
    """Sends all rows of a batch with the pipeline's next flush.

    Accounts must exist and be locked. A claim that somebody else made meanwhile raises `UniqueViolation`
    there.
    """
    account_rows = [
        _AccountRow(
            state.account_id, state.balance, state.held, state.credited, state.debited, state.owed,
            state.version, state.updated_at,
        )
        for state in accounts
    ]  # fmt: skip
    of_program = {"program_id": program(program_id)}
    if len(transfers) == len(account_rows) == 1 and len(claims) <= 1:
        for statement, row in _plain_rows(transfers[0], account_rows[0], claims):
            pipeline.send(statement, of_program | as_text(row))
    else:
        account_ids = ",".join([str(row.account_id) for row in account_rows])
        pipeline.send(
            WRITE_POSTINGS,
            of_program
            | {
                "transfers": as_json(transfers),
                "accounts": as_json(account_rows),
                "account_ids": b"{%b}" % account_ids.encode(),
                "claims": as_json(sorted(claims, key=_scope_and_key)),
            },
        )
    if holds:
        pipeline.send(WRITE_HOLDS, of_program | {"holds": as_json(list(holds))})
    if redemptions:
        pipeline.send(WRITE_REDEMPTIONS, of_program | {"redemptions": as_json(list(redemptions))})


def _plain_rows(
    transfer: Transfer, account: _AccountRow, claims: Sequence[ClaimRow]
) -> Iterator[tuple[Statement, msgspec.Struct]]:
    yield WRITE_TRANSFER, transfer
    for claim in claims:
        yield WRITE_CLAIM, claim
    yield WRITE_ACCOUNT, account


def _scope_and_key(row: ClaimRow) -> tuple[str, str]:
    return row.scope, row.key
