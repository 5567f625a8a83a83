"""The page docs/events.md, printed from the catalogue when this module is run."""

from collections import defaultdict
from typing import Any

import msgspec
from msgspec import Struct

from regulars.features.webhooks.catalogue import CATALOGUE, EventType

_HEAD = """\
# Events

<!-- Made by `make docs` from src/regulars/features/webhooks/catalogue.py; changes belong there. -->

What endpoints are told of; [webhooks](webhooks.md) says how. Each webhook is a JSON object:

| field | type | meaning |
| --- | --- | --- |
| `type` | string | One of the types below. |
| `timestamp` | date-time | When it happened, in UTC. |
| `data` | object | What it is about, as the type says. |

Types and fields may be added; those that are here stay as they are. Ignore what you do not know. Data hold
ids, sums and moments, never a name, an address or a phone number.

| type | when |
| --- | --- |
"""


def schema_of(kind: EventType[Struct]) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of the data of events of this type."""
    (_, schema) = _schemas(kind.data)
    return schema


def events_page() -> str:
    """The page."""
    kinds = "".join(
        f"| [`{kind.name}`](#{_anchor(kind)}) | {kind.meaning} |\n" for kind in CATALOGUE.values()
    )
    by_data: defaultdict[type[Struct], list[str]] = defaultdict(list)
    for kind in CATALOGUE.values():
        by_data[kind.data].append(kind.name)
    return _HEAD + kinds + "".join(_section(data, names) for data, names in by_data.items())


def _anchor(kind: EventType[Struct]) -> str:
    return _title(kind.data).lower().replace(" ", "-")


def _title(data: type[Struct]) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in data.__name__.removesuffix("Data"))
    return words.strip().capitalize()


def _section(data: type[Struct], names: list[str]) -> str:
    meaning, schema = _schemas(data)
    rows = "".join(
        f"| `{name}` | {_kind_of(field)} | {field['description']} |\n"
        for name, field in schema["properties"].items()
    )
    block = msgspec.json.format(msgspec.json.encode(schema), indent=2).decode()
    types = ", ".join(f"`{name}`" for name in names)
    return (
        f"\n## {_title(data)}\n\n{meaning} Types: {types}.\n\n"
        f"| field | type | meaning |\n| --- | --- | --- |\n{rows}\n```json\n{block}\n```\n"
    )


def _schemas(data: type[Struct]) -> tuple[str, dict[str, Any]]:
    """What the struct is, in words, and its schema."""
    _, components = msgspec.json.schema_components([data], ref_template="{name}")
    schema = components[data.__name__]
    del schema["title"]
    return schema.pop("description"), schema


def _kind_of(field: dict[str, Any]) -> str:
    choices = field.get("anyOf", [field])
    return " or ".join(str(choice.get("format", choice["type"])) for choice in choices)


if __name__ == "__main__":
    print(events_page(), end="")
