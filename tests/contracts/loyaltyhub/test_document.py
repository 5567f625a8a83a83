"""The contract's OpenAPI document, and that it stands beside the others."""

from typing import Any

import msgspec
import openapi_spec_validator

from regulars.app import CONTRACTS, create_application
from regulars.contracts.loyaltyhub.router import CONTRACT
from regulars.http.openapi import build_document, undocumented_routes
from regulars.settings import Settings


def document() -> dict[str, Any]:
    application = create_application(Settings(mode="development"), contracts=[CONTRACT])
    made = build_document(
        application, [CONTRACT], title="Loyalty Hub", description="", version="1.0", server_url="/"
    )
    return dict(msgspec.json.decode(made))


def test_the_document_is_valid_and_whole() -> None:
    made = document()
    openapi_spec_validator.validate(made)
    for path in ("/register", "/sync", "/identifier/add", "/identifier/replace"):
        assert f"/wp-json/loyalty/v1{path}" in made["paths"]


def test_every_key_error_is_told() -> None:
    for operations in document()["paths"].values():
        for operation in operations.values():
            assert "hotel_inactive" in operation["responses"]["403"]["description"]
            assert "missing_api_key" in operation["responses"]["401"]["description"]


def test_the_published_fields_are_the_documents() -> None:
    schemas = document()["components"]["schemas"]
    assert schemas["SyncAnswer"]["required"] == ["customers", "count", "sync_time"]
    assert schemas["RegisterBody"]["required"] == ["name"]
    assert schemas["AddBody"]["required"] == ["customer_id", "identifier"]
    assert schemas["ReplaceBody"]["required"] == ["customer_id", "identifier_id", "new_identifier"]
    assert list(schemas["ErrorAnswer"]["properties"]) == ["code", "message", "data"]


def test_it_is_served_beside_the_other_contracts() -> None:
    others = [contract for contract in CONTRACTS if contract.name != CONTRACT.name]
    application = create_application(Settings(mode="development"), contracts=[*others, CONTRACT])
    assert undocumented_routes(application) == []
