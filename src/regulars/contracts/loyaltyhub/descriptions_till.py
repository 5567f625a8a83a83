"""What the endpoints of a sale say about themselves in the OpenAPI document."""

from regulars.contracts.loyaltyhub.descriptions import BODY_ERROR, KEY_ERRORS, error
from regulars.contracts.loyaltyhub.wire_identify import IdentifyAnswer, IdentifyBody
from regulars.contracts.loyaltyhub.wire_promos import (
    ApplyAnswer,
    ApplyBody,
    InvalidAnswer,
    ValidAnswer,
    ValidateBody,
)
from regulars.contracts.loyaltyhub.wire_transaction import SaleAnswer, SaleBody
from regulars.http.openapi import Content, Operation

_NO_CUSTOMER = error("customer_not_found")

IDENTIFY = Operation(
    summary="Identify a customer",
    description="Looks the identifier up as an RFID code, then as a QR code, then as an e-mail address in "
    "whatever case. The tier is the better of what this hotel and the customer's home hotel give for the "
    "visits of the period, the rates are this hotel's. The best bonus that holds now is applied already.",
    body=IdentifyBody,
    example={"identifier": "ABC123456"},
    answers={200: IdentifyAnswer, 400: BODY_ERROR, **KEY_ERRORS, 404: _NO_CUSTOMER},
)
VALIDATE = Operation(
    summary="Check a promo code",
    description="Uses nothing up. The minimum spend is checked only with `total_amount`.",
    body=ValidateBody,
    example={"code": "SUMMER24", "customer_id": 42, "total_amount": 25.00},
    answers={
        200: ValidAnswer,
        400: Content(
            "Why the code cannot be used now; or `rest_missing_callback_param` · `rest_invalid_param` · "
            "`rest_invalid_json`",
            InvalidAnswer,
        ),
        **KEY_ERRORS,
        404: _NO_CUSTOMER,
    },
)
APPLY = Operation(
    summary="Apply a promo code",
    description="A promo code replaces the tier's rates, a loyalty bonus raises the base rates that are sent."
    " Uses nothing up: that is done by the transaction which names the code.",
    body=ApplyBody,
    example={"code": "SUMMER24", "customer_id": 42, "base_wet_discount": 10, "base_dry_discount": 15},
    answers={
        200: ApplyAnswer,
        400: error(
            "promo_invalid",
            "no_base_discount",
            "rest_missing_callback_param",
            "rest_invalid_param",
            "rest_invalid_json",
        ),
        **KEY_ERRORS,
        404: _NO_CUSTOMER,
    },
)
TRANSACTION = Operation(
    summary="Log a completed sale",
    description="The same ticket with the same body again answers the first one's id. A sale that names a "
    "promo code uses it once; when none was left, the sale is logged all the same.",
    body=SaleBody,
    example={
        "customer_id": 42,
        "ticket_id": "T-12345",
        "total_amount": 45.50,
        "wet_total": 18.00,
        "dry_total": 27.50,
        "wet_discount_amount": 2.70,
        "dry_discount_amount": 5.50,
        "discount_type": "discount",
        "tier_at_visit": "Loyalty",
        "promo_code": None,
        "items": [
            {
                "product_name": "Guinness",
                "product_group": "Drinks",
                "quantity": 2,
                "price": 5.50,
                "stock_type": "wet",
            },
            {
                "product_name": "Fish & Chips",
                "product_group": "Mains",
                "quantity": 1,
                "price": 14.95,
                "stock_type": "dry",
            },
        ],
    },
    answers={
        201: SaleAnswer,
        400: BODY_ERROR,
        **KEY_ERRORS,
        404: _NO_CUSTOMER,
        409: error("duplicate_ticket"),
    },
)
