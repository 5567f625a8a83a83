"""The statement that credits many accounts where nothing has to be decided."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from regulars.base.ids import hex_ids_at
from regulars.db.arrays import plain_array, text_array
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.ledger.model import AMOUNT_MAX, LIFETIME_TOTAL_MAX, Attribution
from regulars.features.ledger.model_bulk import BulkEarn, BulkEarnRow
from regulars.features.ledger.store_rows import as_json, program
from regulars.features.ledger.store_telling import TOLD_EARNS, moment

# The accounts come in the order of the members, which is the one in which every batch locks them, and meet
# their rows in a hash: as they lie on disk they would be locked in another order, and compared with each row
# they would take for ever where statistics do not say yet how many there are.
IN_ORDER = Statement("""
select set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('enable_bitmapscan', 'off', true)
""")

# What the ledger's rules would decline, remember or book at another time than now is left out here.
_CREDITED: LiteralString = """
with credited as (
    update accounts a
    set balance = a.balance + r.amount, credited = a.credited + r.amount, version = a.version + 1,
        updated_at = %(now)s::timestamptz
    from (
        select r.* from unnest(
            %(member_ids)s::uuid[], %(amounts)s::bigint[], %(transfer_ids)s::uuid[], %(scopes)s::text[],
            %(keys)s::text[], %(fingerprints)s::bytea[], %(own_metadata)s::text[]
        ) as r (member_id, amount, transfer_id, scope, key, fingerprint, metadata)
        left join lateral (
            select true as is_there from claims c
            where c.program_id = %(program_id)s and c.scope = r.scope and c.key = r.key
            limit 1
        ) claimed on true
        where claimed.is_there is null
    ) r
    where a.program_id = %(program_id)s and a.member_id = any(%(member_ids)s::uuid[])
        and a.member_id = r.member_id and a.asset = %(asset)s
        and a.location_id = %(location_id)s and a.closed_at is null
        and a.owed = 0 and a.updated_at < %(now)s::timestamptz
        and r.amount > 0 and a.balance <= %(amount_max)s::bigint - r.amount
        and a.credited <= %(lifetime_total_max)s::bigint - r.amount
    returning a.account_id, a.member_id, a.asset, a.location_id, a.version, a.balance, a.updated_at, r.amount,
        r.transfer_id, r.scope, r.key, r.fingerprint, r.metadata, %(action)s::text as action
),
written_claims as (
    insert into claims (program_id, scope, key, fingerprint, transfer_id, created_at)
    select %(program_id)s, c.scope, c.key, c.fingerprint, c.transfer_id, %(now)s::timestamptz
    from credited c
    where c.key is not null
),
written_transfers as (
    insert into transfers (
        program_id, transfer_id, account_id, version, verb, action, amount, balance_after, counterparty,
        source, actor, reason, note, origin_id, metadata, idempotency_key, effective_at, created_at
    )
    select %(program_id)s, c.transfer_id, c.account_id, c.version, 'earn', c.action, c.amount, c.balance,
        'issuance', %(source)s, %(actor)s, %(reason)s, %(note)s, %(origin_id)s::uuid,
        coalesce(c.metadata::jsonb, %(metadata)s::jsonb), c.key, %(now)s::timestamptz, %(now)s::timestamptz
    from credited c
    returning transfer_id
)
"""

_LEFT_OUT: LiteralString = """
select r.place
from unnest(%(transfer_ids)s::uuid[]) with ordinality as r (transfer_id, place)
where (select count(*) from written_transfers) < cardinality(%(transfer_ids)s::uuid[])
    and r.transfer_id not in (select w.transfer_id from written_transfers w)
"""

CREDIT = Statement(_CREDITED + TOLD_EARNS + _LEFT_OUT)


def send_credits(
    pipeline: Pipeline, program_id: int, bulk: BulkEarn, rows: Sequence[BulkEarnRow], now: datetime
) -> Sent:
    """Sends the credits of `rows`, one for each member, sorted by member, with the pipeline's next flush.

    Its rows will be the places, counted from 1, of those that were left out.
    """
    parameters = {
        "program_id": program(program_id),
        "now": now.isoformat().encode(),
        "moment": moment(now),
        "member_ids": plain_array([row.member_id.hex for row in rows]),
        "amounts": plain_array([str(row.amount) for row in rows]),
        "transfer_ids": plain_array(hex_ids_at(now, len(rows))),
        "asset": bulk.asset.encode(),
        "location_id": b"%d" % bulk.location_id,
        "amount_max": b"%d" % AMOUNT_MAX,
        "lifetime_total_max": b"%d" % LIFETIME_TOTAL_MAX,
        "action": bulk.action.encode(),
    }
    pipeline.send(IN_ORDER)
    return pipeline.send(
        CREDIT, parameters | _claims(rows) | _own_metadata(rows) | _attribution(bulk.attribution)
    )


def _claims(rows: Sequence[BulkEarnRow]) -> dict[str, bytes | None]:
    if all(row.claim is None for row in rows):
        return {"scopes": None, "keys": None, "fingerprints": None}
    claims = [row.claim for row in rows]
    return {
        "scopes": text_array([claim.scope if claim else None for claim in claims]),
        "keys": text_array([claim.key if claim else None for claim in claims]),
        "fingerprints": text_array(["\\x" + claim.fingerprint.hex() if claim else None for claim in claims]),
    }


def _own_metadata(rows: Sequence[BulkEarnRow]) -> dict[str, bytes | None]:
    if all(row.metadata is None for row in rows):
        return {"own_metadata": None}
    texts = [None if row.metadata is None else as_json(row.metadata).decode() for row in rows]
    return {"own_metadata": text_array(texts)}


def _attribution(attribution: Attribution) -> dict[str, bytes | None]:
    origin_id, metadata = attribution.origin_id, attribution.metadata
    return {
        "source": attribution.source.encode(),
        "actor": _text(attribution.actor),
        "reason": _text(attribution.reason),
        "note": _text(attribution.note),
        "origin_id": None if origin_id is None else origin_id.hex.encode(),
        "metadata": None if metadata is None else as_json(metadata),
    }


def _text(value: str | None) -> bytes | None:
    return None if value is None else value.encode()
