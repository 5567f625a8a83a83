"""What the customer endpoints are sent and answer. Fields stand in the published order.

Of several fields that are wrong the first one named here is answered. A field that may be left out may be
null as well, and text without any character counts as left out: that is what an empty box of a form sends.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

CustomerId = Annotated[int, Meta(description="The customer, as /identify names it.", examples=[42])]
Rfid = Annotated[str, Meta(description="What the reader reads of the fob; space around it is ignored.")]
LIMIT_MAX = 10_000


class ErrorData(Struct, frozen=True):
    """The status once more, for those who see the body only."""

    status: int


class ErrorAnswer(Struct, frozen=True):
    """A refusal."""

    code: str
    message: str
    data: ErrorData


class RegisterBody(Struct, frozen=True, kw_only=True):
    """A new customer."""

    name: str
    email: str | None = None
    phone: Annotated[str, Meta(description="As dialled in the hotel's country, or with its code.")] | None = (
        None
    )
    dob: Annotated[str, Meta(description="Date of birth, YYYY-MM-DD.")] | None = None
    rfid_code: Rfid | None = None


class RegisterAnswer(Struct, frozen=True, kw_only=True):
    """The customer as registered."""

    success: bool = True
    customer_id: int
    qr_code: str
    name: str
    home_hotel: str
    tier: str
    message: str = "Customer registered successfully"


class AddBody(Struct, frozen=True, kw_only=True):
    """One more fob of a customer."""

    customer_id: CustomerId
    identifier: Rfid
    label: Annotated[str, Meta(description="A friendly name.")] | None = None


class AddAnswer(Struct, frozen=True, kw_only=True):
    """The fob as added."""

    success: bool = True
    identifier_id: int
    customer_id: int
    type: str = "rfid"
    value: str
    label: str | None
    message: str = "RFID fob added successfully"


class ReplaceBody(Struct, frozen=True, kw_only=True):
    """The fob that is lost, and the one in its place."""

    customer_id: CustomerId
    identifier_id: Annotated[int, Meta(description="The fob to replace, as it was named when it was added.")]
    new_identifier: Rfid


class ReplaceAnswer(Struct, frozen=True, kw_only=True):
    """The fob under its new code."""

    success: bool = True
    identifier_id: int
    customer_id: int
    old_value: str
    new_value: str
    label: str | None
    message: str = "RFID fob replaced successfully"


class SyncQuery(Struct, frozen=True, kw_only=True):
    """Which customers to send. All but the first belong to this server, not to the published contract."""

    updated_since: (
        Annotated[
            str,
            Meta(
                description="ISO 8601; UTC unless it says otherwise. Only who was updated later is sent.",
                examples=["2024-01-15T10:30:00"],
            ),
        ]
        | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX, description="At most so many at once.")] | None = None
    cursor: (
        Annotated[
            str, Meta(description="The `next_cursor` of the page before; it knows the other parameters.")
        ]
        | None
    ) = None
    include_deleted: Annotated[bool, Meta(description="Also say who was switched off or erased.")] | None = (
        None
    )


class RfidFob(Struct, frozen=True, gc=False):
    """A fob of a customer."""

    identifier_type: str
    identifier_value: str
    label: str | None


class SyncCustomer(Struct, frozen=True, gc=False):
    """A customer. `updated_at` is in UTC; without a home hotel, an address or a code it is null."""

    id: int
    name: str
    email: str | None
    qr_code: str | None
    is_staff: bool
    home_hotel_id: int | None
    updated_at: str
    rfid_fobs: list[RfidFob]


class SyncAnswer(Struct, frozen=True, kw_only=True):
    """Customers by their ids. `sync_time`, in UTC, is what to send as `updated_since` next time.

    `deleted` is there with `include_deleted`, `next_cursor` with `limit` or `cursor`; it is null at the end.
    """

    customers: list[SyncCustomer]
    count: int
    sync_time: str
    deleted: list[int] | UnsetType = UNSET
    next_cursor: str | None | UnsetType = UNSET
