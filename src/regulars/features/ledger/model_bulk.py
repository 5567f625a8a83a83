"""One earn for many members, as a campaign or a monthly grant makes it, and what became of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from regulars.features.ledger.model import AccountReference, Attribution, Claim, Declined, Earn

ROWS_MAX = 10_000
"""How many rows one transaction may have, so that nobody waits long for a member's account."""


class BulkEarnRow(msgspec.Struct, frozen=True):
    """What one member gets (1 to AMOUNT_MAX), at most once for its claim.

    `metadata` says what it is for, in place of what all rows have in common.
    """

    member_id: UUID
    amount: int
    claim: Claim | None = None
    metadata: dict[str, Any] | None = None


class BulkEarn(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one transaction (at most ROWS_MAX) and all that they have in common."""

    action: str
    attribution: Attribution
    rows: Sequence[BulkEarnRow]
    asset: str = "points"
    location_id: int = 0

    def __post_init__(self) -> None:
        if len(self.rows) > ROWS_MAX:
            raise ValueError(f"a bulk earn has at most {ROWS_MAX:,} rows")

    def command(self, row: BulkEarnRow) -> Earn:
        """The same row as a command by itself."""
        by = self.attribution
        return Earn(
            account=AccountReference(row.member_id, self.asset, self.location_id),
            action=self.action,
            attribution=by if row.metadata is None else replace(by, metadata=row.metadata),
            claim=row.claim,
            amount=row.amount,
        )


class BulkOutcome(msgspec.Struct, frozen=True):
    """How many rows took effect now, how many did so before, and the others by their place in the order."""

    posted: int
    replayed: int
    declined: dict[int, Declined]
