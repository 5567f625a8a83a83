"""What the promo endpoints are sent and answer. Fields stand in the published order."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from regulars.contracts.loyaltyhub.figures import Number
from regulars.contracts.loyaltyhub.wire import CustomerId, ErrorData

PromoType = Literal["promo_code", "loyalty_bonus"]
Code = Annotated[str, Meta(description="Upper and lower case are the same.", examples=["SUMMER24"])]
Percent = Annotated[float, Meta(ge=0, le=100, description="A percentage with four decimals at most.")]
Amount = Annotated[float, Meta(ge=0, description="In the hotel's currency, with its decimals at most.")]
Moment = Annotated[str, Meta(description="YYYY-MM-DD HH:MM:SS on the hotel's clock.")]


class PromoRow(Struct, frozen=True, kw_only=True):
    """A promo. `targeted` and `expires_at` are there only where it was assigned to the customer."""

    id: int
    code: str
    name: str
    description: str
    type: PromoType
    wet_discount: Number
    dry_discount: Number
    bonus_multiplier: Number
    bonus_add_wet: Number
    bonus_add_dry: Number
    min_spend: Number
    valid_until: Moment | None
    targeted: bool | UnsetType = UNSET
    expires_at: Moment | UnsetType = UNSET


class ValidateBody(Struct, frozen=True, kw_only=True):
    """A promo code that might be used."""

    code: Code
    customer_id: CustomerId | None = None
    total_amount: Amount | None = None


class ValidAnswer(Struct, frozen=True, kw_only=True):
    """A promo that can be used now."""

    valid: Literal[True] = True
    promo: PromoRow


class InvalidAnswer(Struct, frozen=True, kw_only=True):
    """Why a promo cannot be used now: `valid` and `error`, which is meant for the screen of the till.

    A request that is not valid itself is refused with the other three, as everywhere else.
    """

    valid: Literal[False] | UnsetType = UNSET
    error: str | UnsetType = UNSET
    code: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    data: ErrorData | UnsetType = UNSET


class ApplyBody(Struct, frozen=True, kw_only=True):
    """A promo code that is to be used, and the rates without it."""

    code: Code
    customer_id: CustomerId | None = None
    base_wet_discount: Percent | None = None
    base_dry_discount: Percent | None = None


class ApplyAnswer(Struct, frozen=True, kw_only=True):
    """The rates with the promo. What `discount_type` says is which accounts they are booked on."""

    success: Literal[True] = True
    discount_type: Literal["promo", "discount"]
    wet_discount: Number
    dry_discount: Number
    promo_code: str
    promo_name: str
    type: PromoType
