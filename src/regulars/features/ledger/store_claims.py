"""Looking up what one claim has led to, outside a posting batch."""

from typing import LiteralString

import msgspec

from regulars.db.database import Connection
from regulars.features.ledger.model import AccountReference, Claim, Refusal, Transfer
from regulars.features.ledger.model_deciding import Remembered

LOCK_ACCOUNT: LiteralString = """
select 1 from accounts
where program_id = %(program_id)s and member_id = %(member_id)s and asset = %(asset)s
    and location_id = %(location_id)s
for update
"""

FIND_CLAIM: LiteralString = """
select c.fingerprint, to_json(t)::text, c.refusal::text
from claims c
left join transfers t on t.program_id = c.program_id and t.transfer_id = c.transfer_id
where c.program_id = %(program_id)s and c.scope = %(scope)s and c.key = %(key)s
"""

_transfer = msgspec.json.Decoder(Transfer).decode
_refusal = msgspec.json.Decoder(Refusal).decode


async def lock_account(connection: Connection, program_id: int, reference: AccountReference) -> None:
    """Nobody else posts to the account from here to the end of the transaction."""
    await connection.execute(
        LOCK_ACCOUNT,
        {
            "program_id": program_id,
            "member_id": reference.member_id,
            "asset": reference.asset,
            "location_id": reference.location_id,
        },
    )


async def find_claim(connection: Connection, program_id: int, claim: Claim) -> Remembered | None:
    """What the claim led to, None when it has led to nothing."""
    cursor = await connection.execute(
        FIND_CLAIM, {"program_id": program_id, "scope": claim.scope, "key": claim.key}
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    fingerprint, transfer, refusal = row
    return Remembered(
        fingerprint, _transfer(transfer) if transfer else None, _refusal(refusal) if refusal else None
    )
