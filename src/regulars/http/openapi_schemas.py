"""JSON schemas of the wire types, told apart by whether they are sent to the server or by it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import inspect

_PREFIX = "#/components/schemas/"


class Schemas:
    """The schemas of all types of a document; structs become components that are named after them.

    A field with a default may be left out of a request, but is there in every answer: structs that
    occur in answers only say so.
    """

    def __init__(self, *, inputs: Sequence[Any], answers: Sequence[Any], queries: Sequence[Any]) -> None:
        sent_to_us = structs_in([*inputs, *queries])
        structs = {**sent_to_us, **structs_in(answers)}
        kinds = list(dict.fromkeys([*inputs, *answers, *queries, *structs]))
        schemas, components = msgspec.json.schema_components(kinds, ref_template=_PREFIX + "{name}")
        self.components: dict[str, dict[str, Any]] = components
        self._schemas: dict[Any, dict[str, Any]] = dict(zip(kinds, schemas, strict=True))
        for struct in structs:
            if struct not in sent_to_us:
                self._component(struct)["required"] = _always_sent(struct)
        self._queries = {query: self._component(query) for query in queries}
        # A query's fields are listed one by one where they are used, so the whole is not needed.
        used_in_bodies = structs_in([*inputs, *answers])
        for query in set(queries) - set(used_in_bodies):
            self.components.pop(self._name(query), None)

    def of(self, kind: Any) -> dict[str, Any]:
        """The schema of a type that was announced: a reference where it is a struct."""
        return self._schemas[kind]

    def query_parameters(self, query: Any) -> list[dict[str, Any]]:
        """The fields of a query struct as parameters. A query string knows no null, so none is named."""
        component = self._queries[query]
        required = component.get("required", [])
        parameters = []
        for name, declared in component["properties"].items():
            schema = _without_null(declared)
            parameter = {"name": name, "in": "query", "required": name in required}
            if "description" in schema:
                parameter["description"] = schema.pop("description")
            parameters.append({**parameter, "schema": schema})
        return parameters

    def _name(self, struct: Any) -> str:
        return str(self._schemas[struct]["$ref"]).removeprefix(_PREFIX)

    def _component(self, struct: Any) -> dict[str, Any]:
        return self.components[self._name(struct)]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    schema = dict(schema)
    if schema.get("default", ...) is None:
        del schema["default"]
    choices = [choice for choice in schema.pop("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**choices[0], **schema}
    return {**schema, "anyOf": choices} if choices else schema


def _always_sent(struct: type[msgspec.Struct]) -> list[str]:
    if struct.__struct_config__.omit_defaults:
        return [field.encode_name for field in msgspec.structs.fields(struct) if field.required]
    return [
        field.encode_name for field in msgspec.structs.fields(struct) if field.default is not msgspec.UNSET
    ]


def structs_in(kinds: Sequence[Any]) -> dict[Any, None]:
    """Every struct that is reachable from `kinds`, in a stable order."""
    found: dict[Any, None] = {}
    pending: list[Any] = list(inspect.multi_type_info([kind for kind in kinds if kind is not None]))
    while pending:
        information = pending.pop(0)
        if isinstance(information, inspect.StructType):
            if information.cls not in found:
                found[information.cls] = None
                pending += [field.type for field in information.fields]
            continue
        pending += _parts_of(information)
    return found


def _parts_of(information: Any) -> list[Any]:
    """The types inside a container, a union or an annotated type."""
    parts = [
        getattr(information, name)
        for name in ("item_type", "key_type", "value_type", "type")
        if hasattr(information, name)
    ]
    several = getattr(information, "types", None) or getattr(information, "item_types", None) or ()
    return [*parts, *several]
