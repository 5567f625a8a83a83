"""The statements that credit one account, or each of a crowd's, where nothing has to be decided."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from regulars.db.arrays import plain_array
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.ledger.model import AMOUNT_MAX, LIFETIME_TOTAL_MAX, Earn
from regulars.features.ledger.store_rows import as_json, as_text, program
from regulars.features.ledger.store_telling import TOLD_EARNS, moment

_ONE_ROW: LiteralString = """
    select %(member_id)s::uuid as member_id, %(asset)s::text as asset,
        %(location_id)s::integer as location_id, %(amount)s::bigint as amount,
        %(transfer_id)s::uuid as transfer_id, %(action)s::text as action, %(source)s::text as source,
        %(actor)s::text as actor, %(reason)s::text as reason, %(note)s::text as note,
        %(origin_id)s::uuid as origin_id, %(metadata)s::jsonb as metadata, %(scope)s::text as scope,
        %(key)s::text as key, %(fingerprint)s::bytea as fingerprint
"""

_MANY_ROWS: LiteralString = """
    select * from json_to_recordset(%(rows)s::json) as r (
        member_id uuid, asset text, location_id integer, amount bigint, transfer_id uuid, action text,
        source text, actor text, reason text, note text, origin_id uuid, metadata jsonb, scope text, key text,
        fingerprint bytea
    )
"""

_THEIR_ACCOUNTS: LiteralString = " and a.member_id = any(%(member_ids)s::uuid[])"

# What the ledger's rules would decline, remember or book at another time than now is left out here.
_CREDIT: tuple[LiteralString, LiteralString] = (
    """
with credited as (
    update accounts a
    set balance = a.balance + r.amount, credited = a.credited + r.amount, version = a.version + 1,
        updated_at = %(now)s::timestamptz
    from (
        select r.* from (
""",
    """
        ) r
        left join lateral (
            select true as is_there from claims c
            where c.program_id = %(program_id)s and c.scope = r.scope and c.key = r.key
            limit 1
        ) claimed on true
        where claimed.is_there is null
    ) r
    where a.program_id = %(program_id)s and a.member_id = r.member_id and a.asset = r.asset
        and a.location_id = r.location_id and a.closed_at is null and a.owed = 0 and a.held = 0
        and a.updated_at < %(now)s::timestamptz and a.balance <= %(amount_max)s::bigint - r.amount
        and a.credited <= %(lifetime_total_max)s::bigint - r.amount
""",
)

_UNLESS_TOLD: LiteralString = """
        and not exists (select from programs_told_of_transfers where program_id = %(program_id)s)
"""

_WRITE: LiteralString = """
    returning a.account_id, a.member_id, a.asset, a.location_id, a.balance, a.held, a.credited, a.debited,
        a.owed, a.version, a.updated_at, r.amount, r.transfer_id, r.action, r.source, r.actor, r.reason,
        r.note, r.origin_id, r.metadata, r.scope, r.key, r.fingerprint
),
written_claims as (
    insert into claims (program_id, scope, key, fingerprint, transfer_id, created_at)
    select %(program_id)s, c.scope, c.key, c.fingerprint, c.transfer_id, c.updated_at
    from credited c
    where c.key is not null
),
written_transfers as (
    insert into transfers (
        program_id, transfer_id, account_id, version, verb, action, amount, balance_after, counterparty,
        source, actor, reason, note, origin_id, metadata, idempotency_key, effective_at, created_at
    )
    select %(program_id)s, c.transfer_id, c.account_id, c.version, 'earn', c.action, c.amount, c.balance,
        'issuance', c.source, c.actor, c.reason, c.note, c.origin_id, c.metadata, c.key, c.updated_at,
        c.updated_at
    from credited c
)
"""

_ANSWER: LiteralString = """
select c.account_id, c.member_id, c.asset, c.location_id, c.balance, c.held, c.credited, c.debited, c.owed,
    c.version, false, c.updated_at, c.transfer_id
from credited c
"""

_TELL: LiteralString = TOLD_EARNS + _ANSWER

# See IN_ORDER of store_bulk. Whoever wants a row that somebody keeps locked may wait longer for it, alone.
TOGETHER = Statement("""
select set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('enable_bitmapscan', 'off', true), set_config('lock_timeout', %(lock_timeout)s, true)
""")

# To tell takes a statement 15 µs where nobody is to be told. Of one earn that is one in twenty, of a crowd's
# it cannot be measured.
EARN_ONE = Statement(_CREDIT[0] + _ONE_ROW + _CREDIT[1] + _UNLESS_TOLD + _WRITE + _ANSWER)
EARN_ONE_AND_TELL = Statement(_CREDIT[0] + _ONE_ROW + _CREDIT[1] + _WRITE + _TELL)
EARN_MANY = Statement(_CREDIT[0] + _MANY_ROWS + _CREDIT[1] + _THEIR_ACCOUNTS + _WRITE + _TELL)


class _EarnRow(msgspec.Struct, frozen=True):
    member_id: UUID
    asset: str
    location_id: int
    amount: int
    transfer_id: UUID
    action: str
    source: str
    actor: str | None
    reason: str | None
    note: str | None
    origin_id: UUID | None
    metadata: dict[str, object] | None
    scope: str | None
    key: str | None
    fingerprint: str | None


def send_earns(
    pipeline: Pipeline,
    program_id: int,
    commands: Sequence[Earn],
    transfer_ids: Sequence[UUID],
    now: datetime,
    *,
    lock_seconds_max: float,
    is_told: bool,
) -> Sent:
    """Sends the credits of commands that are each of another account, with the pipeline's next flush.

    Its rows will be the accounts that were credited, as LOCK_ACCOUNTS gives them, each with its transfer's
    id. Several commands wait at most `lock_seconds_max` for a row that somebody keeps locked. A single one
    that somebody has to be told of is left out if `is_told` says that nobody is.
    """
    rows = [_row(command, transfer_id) for command, transfer_id in zip(commands, transfer_ids, strict=True)]
    parameters: dict[str, bytes | None] = {
        "program_id": program(program_id),
        "now": now.isoformat().encode(),
        "moment": moment(now),
        "amount_max": b"%d" % AMOUNT_MAX,
        "lifetime_total_max": b"%d" % LIFETIME_TOTAL_MAX,
    }
    if len(rows) == 1:
        statement = EARN_ONE_AND_TELL if is_told else EARN_ONE
        return pipeline.send(statement, parameters | as_text(rows[0]))
    pipeline.send(TOGETHER, {"lock_timeout": b"%dms" % (lock_seconds_max * 1000)})
    member_ids = plain_array([row.member_id.hex for row in rows])
    return pipeline.send(EARN_MANY, parameters | {"rows": as_json(rows), "member_ids": member_ids})


def _row(command: Earn, transfer_id: UUID) -> _EarnRow:
    account, attribution, claim = command.account, command.attribution, command.claim
    return _EarnRow(
        account.member_id,
        account.asset,
        account.location_id,
        command.amount,
        transfer_id,
        command.action,
        attribution.source,
        attribution.actor,
        attribution.reason,
        attribution.note,
        attribution.origin_id,
        attribution.metadata,
        claim.scope if claim is not None else None,
        claim.key if claim is not None else None,
        "\\x" + claim.fingerprint.hex() if claim is not None else None,
    )
