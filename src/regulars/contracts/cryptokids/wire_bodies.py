"""What the ledger's endpoints are sent. Both spellings of a name are read; the published one stands first.

Fields stand in the order in which their errors are published: of several that are wrong the first one named
here is answered. Ids of rewards and templates are numbers or texts of digits, because pages send the value
of a select box; amounts are JSON integers only.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from regulars.features.ledger.model import AMOUNT_MAX

Amount = Annotated[int, Meta(ge=1, le=AMOUNT_MAX, description="Points, a JSON integer.")]
Delta = Annotated[
    int,
    Meta(
        ge=-AMOUNT_MAX,
        le=AMOUNT_MAX,
        description="Points, a JSON integer: positive credits, negative debits.",
        extra_json_schema={"not": {"const": 0}},
    ),
]
UserId = Annotated[str, Meta(description="Trimmed and lower-cased before it is looked up.", examples=["leo"])]
RowId = Annotated[int, Meta(ge=1, le=2**31 - 1)] | Annotated[str, Meta(pattern=r"^\s*[0-9]{1,10}\s*$")]
Reason = Literal["mis_tap", "duplicate", "wrong_item", "canceled", "quality_issue", "staff_error"]
Note = Annotated[str, Meta(description="Cut at 200 characters.")]
Action = Annotated[str, Meta(description="What history calls it; cut at 100 characters.")]
Key = Annotated[str, Meta(max_length=255, description="The header Idempotency-Key beats it.")]


class EarnBody(Struct, frozen=True, kw_only=True):
    """Points to credit."""

    amount: Amount
    user_id: UserId | None = None
    user_id_camel: UserId | None = field(default=None, name="userId")
    note: Note | None = None
    action: Action | None = None
    idempotency_key: Key | None = None
    idempotency_key_camel: Key | None = field(default=None, name="idempotencyKey")


class RedeemBody(EarnBody, frozen=True, kw_only=True):
    """Points to debit."""


class AdjustBody(Struct, frozen=True, kw_only=True):
    """A correction of a balance."""

    delta: Delta
    user_id: UserId | None = None
    user_id_camel: UserId | None = field(default=None, name="userId")
    note: Note | None = None
    action: Action | None = None
    idempotency_key: Key | None = None
    idempotency_key_camel: Key | None = field(default=None, name="idempotencyKey")


class RefundBody(Struct, frozen=True, kw_only=True):
    """Points to give back of an earlier redeem."""

    user_id: UserId | None = None
    user_id_camel: UserId | None = field(default=None, name="userId")
    amount: Amount
    reason: Reason
    redeem_tx_id: str | None = None
    redeem_tx_id_camel: str | None = field(default=None, name="redeemTxId")
    notes: Note | None = None
    idempotency_key: Key | None = None
    idempotency_key_camel: Key | None = field(default=None, name="idempotencyKey")


class ReserveBody(Struct, frozen=True, kw_only=True):
    """A reward that a child asks for."""

    user_id: UserId | None = field(default=None, name="userId")
    user_id_snake: UserId | None = field(default=None, name="user_id")
    item_id: RowId | None = field(default=None, name="itemId")
    item_id_snake: RowId | None = field(default=None, name="item_id")
    note: Note | None = None
    idempotency_key: Key | None = None
    idempotency_key_camel: Key | None = field(default=None, name="idempotencyKey")


class ApproveBody(Struct, frozen=True, kw_only=True):
    """The spend token of a hold, and what it costs in the end where that is less than was quoted."""

    token: str
    final_cost: Annotated[int, Meta(ge=0, le=AMOUNT_MAX)] | None = field(default=None, name="finalCost")
    final_cost_snake: Annotated[int, Meta(ge=0, le=AMOUNT_MAX)] | None = field(
        default=None, name="final_cost"
    )


class CancelBody(Struct, frozen=True, kw_only=True):
    """Nothing that must be said; a body may be left out."""

    note: Note | None = None
    idempotency_key: Key | None = None
    idempotency_key_camel: Key | None = field(default=None, name="idempotencyKey")


class ScanBody(Struct, frozen=True, kw_only=True):
    """An earn or give token."""

    token: Annotated[str, Meta(min_length=1)]


class QuickBody(Struct, frozen=True, kw_only=True):
    """A template that a member has done."""

    user_id: UserId | None = field(default=None, name="userId")
    user_id_snake: UserId | None = field(default=None, name="user_id")
    template_id: RowId | None = field(default=None, name="templateId")
    template_id_snake: RowId | None = field(default=None, name="template_id")
    note: Note | None = None
    idempotency_key: Key | None = None
    idempotency_key_camel: Key | None = field(default=None, name="idempotencyKey")


class TemplateCount(Struct, frozen=True):
    """How often one template was done."""

    id: RowId
    count: Annotated[int, Meta(ge=1, le=1000)] = 1


class EarnTokenBody(Struct, frozen=True, kw_only=True):
    """What a child has done."""

    user_id: UserId | None = field(default=None, name="userId")
    user_id_snake: UserId | None = field(default=None, name="user_id")
    templates: Annotated[list[TemplateCount], Meta(min_length=1)]
    note: Note | None = None


class GiveTokenBody(Struct, frozen=True, kw_only=True):
    """What a child is given."""

    user_id: UserId | None = field(default=None, name="userId")
    user_id_snake: UserId | None = field(default=None, name="user_id")
    amount: Amount
    note: Note | None = None


class HoldsQuery(Struct, frozen=True, kw_only=True):
    """Which holds to list."""

    status: Annotated[str, Meta(description="pending (the default), redeemed, canceled or all.")] = "pending"
    limit: Annotated[int | str, Meta(description="1 to 500, the default; moved into that range.")] | None = (
        None
    )
    before: Annotated[str, Meta(description="The id that the page before ended with.")] | None = None


class AnyBody(Struct, frozen=True, kw_only=True):
    """Only whom a body is about, whatever else is wrong with it."""

    user_id: object = None
    user_id_camel: object = field(default=None, name="userId")
