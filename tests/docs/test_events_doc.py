"""docs/events.md is the catalogue, and what the catalogue says is a schema."""

from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from regulars.features.webhooks.catalogue import CATALOGUE
from regulars.features.webhooks.catalogue_page import events_page, schema_of

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


def test_the_page_is_what_the_source_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == events_page(), "make docs"


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_type_is_documented_down_to_its_fields(name: str) -> None:
    kind = CATALOGUE[name]
    assert kind.name == name and kind.meaning.endswith(".")
    assert f"| [`{name}`](#" in events_page()
    schema = schema_of(kind)
    Draft202012Validator.check_schema(schema)
    assert all(field.get("description", "").endswith(".") for field in schema["properties"].values())
    assert schema["required"] == [field.name for field in msgspec.structs.fields(kind.data)]


def test_the_page_s_links_lead_somewhere() -> None:
    import re

    page = events_page()
    titles = {title.lower().replace(" ", "-") for title in re.findall(r"^## (.+)$", page, re.M)}
    assert set(re.findall(r"\]\(#([a-z-]+)\)", page)) == titles
