"""How history and the ledger page are asked for and how they look on the wire."""

from typing import Annotated

from msgspec import Meta, Struct, field

from regulars.contracts.cryptokids.wire import Hints, LedgerRow

Moment = Annotated[
    str, Meta(description="An ISO 8601 date or time, or milliseconds since 1970.", examples=["2026-07-31"])
]
Limit = Annotated[int | str, Meta(description="1 to 500 (50); moved into that range.")]
ShortLimit = Annotated[int | str, Meta(description="1 to 200 (100); moved into that range.")]
Offset = Annotated[int | str, Meta(description="How many rows to skip.")]
UserId = Annotated[str, Meta(description="One member's rows only.")]


class HistoryParameters(Struct, frozen=True):
    """Which rows of the history to list."""

    user_id: UserId | None = field(default=None, name="userId")
    user_id_snake: UserId | None = field(default=None, name="user_id")
    verb: Annotated[str, Meta(description="earn, redeem, adjust, refund, hold.reserve …")] | None = None
    actor: Annotated[str, Meta(description="Who did it, as X-Admin-Actor said.")] | None = None
    since: Moment | None = field(default=None, name="from")
    until: Moment | None = field(default=None, name="to")
    limit: Limit | None = None
    offset: Offset | None = None
    type: Annotated[str, Meta(description="earn, spend, refund, adjust, hold.")] | None = None
    source: Annotated[str, Meta(description="task, admin, or the ledger's own word.")] | None = None
    format: Annotated[str, Meta(description="csv for a file of every row that matches.")] | None = None


class PageParameters(Struct, frozen=True):
    """Which part of a member's ledger to show."""

    limit: Limit | None = None
    offset: Offset | None = None
    redeems_limit: Limit | None = field(default=None, name="redeemsLimit")
    redeems_before: (
        Annotated[str, Meta(description="The id that the last page of redeems ended with.")] | None
    ) = field(default=None, name="redeemsBefore")


class ShortParameters(Struct, frozen=True):
    """How much of a child's history to show."""

    limit: ShortLimit | None = None


class HistoryAnswer(Struct, frozen=True):
    """Rows of the history, newest first, and the limit and offset that were used."""

    rows: list[LedgerRow]
    limit: int
    offset: int


class ShortRow(Struct, frozen=True):
    """A row as the child's page shows it."""

    at: int
    action: str
    delta: int
    balance_after: int
    note: str | None


class ShortHistory(Struct, frozen=True):
    """A child's history, newest first."""

    rows: list[ShortRow]


class RedeemRow(LedgerRow, frozen=True):
    """A redeem, and how much of it was given back: open, partial or refunded."""

    redeem_amount: int
    refunded_amount: int
    remaining_refundable: int
    refund_status: str
    refunds: list[LedgerRow]


class Period(Struct, frozen=True):
    """The points of the last seven and of the last thirty days."""

    d7: int
    d30: int


class Periods(Struct, frozen=True):
    """What was earned, spent and given back lately."""

    earn: Period
    redeem: Period
    refund: Period


class LedgerPage(Struct, frozen=True):
    """One member's ledger as the parent's page shows it."""

    userId: str
    balance: int
    rows: list[LedgerRow]
    redeems: list[RedeemRow]
    summary: Periods
    hints: Hints


class Balance(Struct, frozen=True):
    """A member's balance."""

    balance: int


class Summary(Struct, frozen=True):
    """A member's balance, all that was ever credited and all that was ever debited."""

    userId: str
    balance: int
    earned: int
    spent: int
