"""What lists of the ledger are asked for, and what they show."""

from datetime import datetime
from uuid import UUID

import msgspec

from regulars.features.ledger.model import Hold, Redemption, Transfer, Verb


class HistoryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which transfers to list, newest first; of one account when `member_id` is given, else of the program.

    `since` is inclusive, `until` exclusive. `before` continues below a transfer, `offset` skips rows.
    """

    member_id: UUID | None = None
    asset: str = "points"
    location_id: int = 0
    verbs: tuple[Verb, ...] = ()
    actions: tuple[str, ...] = ()
    actor: str | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: UUID | None = None
    limit: int = 50
    offset: int = 0


class HistoryRow(msgspec.Struct, frozen=True):
    """A transfer with the member it belongs to and, for holds, what was captured of it."""

    member_id: UUID
    transfer: Transfer
    hold: Hold | None = None


class HoldRow(msgspec.Struct, frozen=True):
    """A hold with the member it belongs to."""

    member_id: UUID
    hold: Hold


class RedemptionRow(msgspec.Struct, frozen=True):
    """A redeem or capture, how much of it is refundable, and the refunds made of it, oldest first.

    `hold` is what was captured, None for a redeem.
    """

    transfer: Transfer
    redemption: Redemption
    refunds: tuple[Transfer, ...] = ()
    hold: Hold | None = None


class PeriodTotals(msgspec.Struct, frozen=True):
    """What one member earned, redeemed and got refunded in one period, each as a positive amount."""

    earned: int
    redeemed: int
    refunded: int
