"""What the stores' endpoints are sent and answer. Fields stand in the published order.

Ids are opaque text: one that is none of ours is unknown, like any other.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from regulars.features.lending.model import STORE_LOCATION_LENGTH_MAX

TEXT_LENGTH_MAX = 200
UPLOADS_MAX = 1000

Id = Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)]
CardToken = Annotated[
    str, Meta(description="What the card says when it is read.", max_length=TEXT_LENGTH_MAX)
]
Tier = Annotated[str, Meta(description="BASIC, PLUS or PREMIUM, or another plan of the program's.")]
StoreLocation = Annotated[
    str,
    Meta(
        description="The store; a key that is for one location takes its name or its slug only.",
        max_length=STORE_LOCATION_LENGTH_MAX,
    ),
]
UploadIds = Annotated[
    list[Id],
    Meta(description="Photos of this garment, the one that is shown first.", max_length=UPLOADS_MAX),
]
Moment = Annotated[str, Meta(description="UTC with milliseconds.", examples=["2026-03-01T12:00:00.000Z"])]
Status = Literal["ACTIVE", "PAUSED", "CANCELLED"]


class ErrorAnswer(Struct, frozen=True):
    """A refusal, as a sentence for people."""

    message: str


class SeedBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A member for a test. Without a tier it is the first one."""

    card_token: CardToken
    tier: Tier | None = None


class AddBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A member who signs up in a store."""

    card_token: CardToken
    shopify_customer_id: Id
    tier: Tier | None = None
    store_location: StoreLocation | None = None


class CheckoutBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A garment that is taken along."""

    member_id: Id
    upload_ids: UploadIds
    store_location: StoreLocation


class ReturnBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A garment that came back."""

    member_id: Id
    loan_id: Id


class SwapBody(Struct, frozen=True, kw_only=True, rename="camel"):
    """A garment that came back, and another that is taken along."""

    member_id: Id
    loan_id: Id
    store_location: StoreLocation
    upload_ids: UploadIds


class UploadForm(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the form of an upload holds, as the document describes it; `file` is another name of `photo`."""

    member_id: str
    photo: Annotated[str, Meta(extra_json_schema={"contentMediaType": "application/octet-stream"})]


class UploadAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The photo is there, and may be used for one loan of the member within a day."""

    upload_id: str
    status: Literal["success"] = "success"


class GalleryRow(Struct, frozen=True, kw_only=True):
    """A further photo of a loan. `metadata` is JSON: originalName, mimeType and size of what was received."""

    id: str
    r2Key: str
    metadata: str


class LoanRow(Struct, frozen=True, kw_only=True):
    """A loan. Addresses of photos can be opened in a browser, for an hour."""

    id: str
    memberId: str
    storeLocation: str
    photoUrl: str
    thumbnailUrl: str
    checkoutAt: Moment
    dueDate: Moment
    returnedAt: Moment | None
    createdAt: Moment


class GalleryLoanRow(LoanRow, frozen=True, kw_only=True):
    """A loan with its photos but the first."""

    gallery: list[GalleryRow]


class SwapAnswer(Struct, frozen=True, kw_only=True):
    """What came back, and what was taken along."""

    returnedLoan: GalleryLoanRow
    newLoan: GalleryLoanRow


class NewMemberRow(Struct, frozen=True, kw_only=True):
    """A member who has just been enrolled."""

    id: str
    cardToken: str
    tier: str
    status: Status
    cycleStart: Moment
    cycleEnd: Moment
    itemsUsed: int
    swapsUsed: int
    itemsOut: int


class SeedAnswer(Struct, frozen=True, kw_only=True):
    """The new member."""

    message: str
    member: NewMemberRow


class AddedMemberRow(NewMemberRow, frozen=True, kw_only=True):
    """The same with the shop's id."""

    shopifyCustomerId: str | None


class AddAnswer(Struct, frozen=True, kw_only=True):
    """The new member."""

    message: str
    member: AddedMemberRow


class MemberRow(Struct, frozen=True, kw_only=True):
    """A member, with all loans from the oldest on."""

    id: str
    cardToken: str
    shopifyCustomerId: str | None
    tier: str
    status: Status
    cycleStart: Moment
    cycleEnd: Moment
    itemsUsed: int
    swapsUsed: int
    itemsOut: int
    createdAt: Moment
    updatedAt: Moment
    loans: list[GalleryLoanRow]


class AllowancesRow(Struct, frozen=True, kw_only=True):
    """What the member's plan allows."""

    itemsPerMonth: int
    swaps: int
    maxItemsOut: int


class CardAnswer(Struct, frozen=True, kw_only=True):
    """The member whose card it is; what is out is listed once more."""

    member: MemberRow
    allowances: AllowancesRow
    activeLoans: list[GalleryLoanRow]
