"""The OpenAPI document of the contract, alone and with all others."""

from typing import Any

import msgspec
import openapi_spec_validator
import pytest

from regulars.app import CONTRACTS, create_application
from regulars.cli.failures import CommandFailed
from regulars.cli.key_changes import require_useful
from regulars.contracts.fittwin.context import INTERNAL_SCOPE
from regulars.contracts.fittwin.router import CONTRACT
from regulars.http.openapi import build_document, undocumented_routes
from regulars.settings import Settings
from regulars.settings_sources import Secret


def document(*contracts: Any) -> dict[str, Any]:
    """The document of these contracts, of FitTwin if none is given."""
    chosen = contracts or (CONTRACT,)
    settings = Settings(database_url=Secret("x"), secret_key=Secret("y" * 40), mode="development")
    application = create_application(settings, contracts=chosen)
    made: dict[str, Any] = msgspec.json.decode(
        build_document(
            application, chosen, title="FitTwin", description="x", version="1.0", server_url="http://a.test"
        )
    )
    return made


@pytest.mark.parametrize("contracts", [(CONTRACT,), CONTRACTS], ids=["alone", "with all others"])
def test_the_document_is_valid_and_names_each_operation_once(contracts: Any) -> None:
    made = document(*contracts)
    openapi_spec_validator.validate(made)
    names = [operation["operationId"] for path in made["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))


def test_every_path_is_there_bare_and_below_api() -> None:
    paths = set(document()["paths"])
    bare = {path for path in paths if not path.startswith("/api/v1/")}
    assert paths - bare == {f"/api/v1{path}" for path in bare}
    assert len(bare) == 9


def test_the_command_line_knows_the_scope() -> None:
    require_useful([INTERNAL_SCOPE], None)
    with pytest.raises(CommandFailed):
        require_useful(["fittwin:owner"], None)


def test_no_route_goes_without_a_description() -> None:
    settings = Settings(database_url=Secret("x"), secret_key=Secret("y" * 40), mode="development")
    application = create_application(settings, contracts=(CONTRACT,))
    assert [route for route in undocumented_routes(application) if "/docs" not in route] == []


def test_shoppers_have_tokens_and_the_shop_has_a_key() -> None:
    made = document()
    schemes = made["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} == {"http", "apiKey"}
    create = made["paths"]["/referrals"]["post"]["security"]
    validate = made["paths"]["/referrals/validate"]["post"]["security"]
    assert [list(way) for way in create] == [["fittwin.bearer.authorization"]]
    assert [list(way) for way in validate] == [["fittwin.header.x-internal-api-key"]]
    assert made["paths"]["/r/{rid}"]["get"]["security"] == []
