"""The rows of the table of layers that go by file name; import-linter checks those that go by folder."""

import re
from functools import cache

import grimp
import pytest

STORE = re.compile(r"regulars\.features\.(\w+)\.store(_\w+)?$")
RULES = re.compile(r"regulars\.features\.(\w+)\.rules(_\w+)?$")
PURE = re.compile(r"regulars\.features\.(\w+)\.(rules|model)(_\w+)?$")

# What would let a rule see the world: the database, the network, the files, the clock, the settings.
WORLD = re.compile(
    r"(regulars\.(db|http|settings|base\.clock)|psycopg|litestar|asyncio|socket|os|pathlib|time|random)(\.|$)"
)


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("regulars", include_external_packages=True)


def imports() -> list[tuple[str, str]]:
    """Every import, as who imports and what."""
    return [
        (importer, imported)
        for importer in sorted(graph().modules)
        for imported in sorted(graph().find_modules_directly_imported_by(importer))
    ]


@pytest.mark.parametrize("private", [STORE, RULES], ids=["store", "rules"])
def test_only_its_own_feature_imports_a_store_or_rules(private: re.Pattern[str]) -> None:
    broken = [
        f"{importer} imports {imported}"
        for importer, imported in imports()
        if (match := private.match(imported))
        and not importer.startswith(f"regulars.features.{match.group(1)}.")
    ]
    assert broken == []


def test_rules_and_models_see_nothing_of_the_world() -> None:
    broken = [
        f"{importer} imports {imported}"
        for importer, imported in imports()
        if PURE.match(importer) and WORLD.match(imported)
    ]
    assert broken == []


def test_the_product_imports_nothing_of_the_tests() -> None:
    assert [pair for pair in imports() if pair[1].partition(".")[0] == "tests"] == []


def test_rules_import_no_store_and_no_actions() -> None:
    broken = [
        f"{importer} imports {imported}"
        for importer, imported in imports()
        if PURE.match(importer) and re.search(r"\.(store|actions)(_\w+)?$", imported)
    ]
    assert broken == []


def test_stores_import_no_rules_and_no_actions() -> None:
    broken = [
        f"{importer} imports {imported}"
        for importer, imported in imports()
        if STORE.match(importer) and re.search(r"\.(rules|actions)(_\w+)?$", imported)
    ]
    assert broken == []
