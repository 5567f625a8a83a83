"""The contract's OpenAPI document, and that it stands beside the others."""

from typing import Any

import msgspec
import openapi_spec_validator

from regulars.app import CONTRACTS, create_application
from regulars.contracts.sessions.router import CONTRACT
from regulars.http.openapi import build_document, undocumented_routes
from regulars.settings import Settings


def document() -> dict[str, Any]:
    application = create_application(Settings(mode="development"), contracts=[CONTRACT])
    made = build_document(
        application, [CONTRACT], title="Sessions Rewards", description="", version="1.0", server_url="/"
    )
    return dict(msgspec.json.decode(made))


def test_the_document_is_valid_and_whole() -> None:
    made = document()
    openapi_spec_validator.validate(made)
    schemes = made["components"]["securitySchemes"]
    assert {scheme.get("name") for scheme in schemes.values()} == {
        "x-kiosk-secret", "x-internal-api-key", "x-admin-key", "sessions_admin", None,
    }  # fmt: skip
    assert {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"} in schemes.values()


def test_the_published_fields_are_the_documents() -> None:
    schemas = document()["components"]["schemas"]
    assert schemas["UpsertBody"]["required"] == ["phone_raw", "venue_id"]
    assert schemas["EarnBody"]["required"] == ["order_id", "venue_id", "payment_event_id", "total_minor"]
    assert list(schemas["ErrorAnswer"]["properties"]) == ["error"]
    assert schemas["ApplyAnswer"]["required"] == [
        "approved", "hold_id", "expires_at", "discount_minor", "rewards_balance",
    ]  # fmt: skip


def test_it_is_served_beside_the_other_contracts() -> None:
    others = [contract for contract in CONTRACTS if contract.name != CONTRACT.name]
    application = create_application(Settings(mode="development"), contracts=[*others, CONTRACT])
    assert undocumented_routes(application) == []
