"""Says what is wrong with a body: the first declared field that fails, or the whole of it."""

import json
import re
from functools import lru_cache
from typing import Any

import msgspec

from regulars.http.failures import BodyRefused, Problem

_FIELDS_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PLACE = re.compile(r" - at `\$(.*)`$")
_QUOTED_VALUE = re.compile(r" '.*'|\".*\"", re.DOTALL)


class _NameRepeated(ValueError):
    """An object names something twice."""


def examine(raw: bytes, kind: type) -> None:
    """Passes a body that has been decoded as `kind`, if no name occurs twice and no text holds a NUL.

    Raises BodyRefused otherwise. Text that `kind` does not declare at the top may hold what it likes.
    """
    tree = _parse(raw)
    declared = _fields(kind)
    for name, value in tree.items():
        if (not declared or name in declared) and (fault := _nul_fault(name, value)):
            raise fault


def first_fault(raw: bytes, kind: type, error: Exception) -> BodyRefused:
    """What is wrong with a body that could not be decoded as `kind`, because of `error`.

    Fields are looked at in the order in which `kind` declares them.
    """
    try:
        fields = _FIELDS_DECODER.decode(raw)
        _parse(raw)
        for field in _fields(kind).values():
            if fault := _fault_of(field, fields.get(field.encode_name)):
                return fault
    except msgspec.ValidationError:
        return BodyRefused(None, Problem.NOT_OBJECT, detail="The body is not a JSON object.")
    except BodyRefused as refused:
        return refused
    except (ValueError, RecursionError):
        return BodyRefused(None, Problem.NOT_JSON, detail="The body is not valid JSON.")
    # What remains is wrong in no single field: one too many, or two that do not go together.
    problem = Problem.WRONG_TYPE if isinstance(error, msgspec.ValidationError) else Problem.NOT_JSON
    return BodyRefused(None, problem, detail=describe_fault("", str(error)))


def _fault_of(field: msgspec.structs.FieldInfo, raw: msgspec.Raw | None) -> BodyRefused | None:
    name = field.encode_name
    # A field that has to be there and is null is as good as missing.
    if field.required and (raw is None or (bytes(raw) == b"null" and not _accepts_null(field.type))):
        return BodyRefused(name, Problem.MISSING, detail=f"{name}: missing")
    if raw is None:
        return None
    alone = b'{"value":' + bytes(raw) + b"}"
    try:
        _single_field_decoder(field.type).decode(alone)
    except msgspec.ValidationError as error:
        place = _PLACE.search(str(error))
        path = name + (place[1].removeprefix(".value") if place else "")
        return BodyRefused(name, Problem.WRONG_TYPE, path=path, detail=describe_fault(path, str(error)))
    return _nul_fault(name, _parse(alone)["value"])


def _nul_fault(name: str, value: Any) -> BodyRefused | None:
    path = _path_of_nul(value, name)
    if path is None:
        return None
    return BodyRefused(name, Problem.WRONG_TYPE, path=path, detail=f"{path}: text with a NUL character")


def describe_fault(path: str, message: str) -> str:
    """msgspec's message after the path, without the value it quotes: that may be anything a caller sent."""
    sentence = _QUOTED_VALUE.sub("", _PLACE.sub("", message))
    return f"{path}: {sentence}" if path else sentence


def _parse(raw: bytes) -> dict[str, Any]:
    """The object as Python reads it, numbers left out. Raises BodyRefused when a name occurs twice."""
    try:
        tree = _TREE_DECODER.decode(raw.decode())
    except _NameRepeated:
        detail = "The body names something twice."
        raise BodyRefused(None, Problem.NOT_JSON, detail=detail) from None
    except RecursionError:
        raise BodyRefused(None, Problem.NOT_JSON, detail="The body is nested too deeply.") from None
    assert isinstance(tree, dict)
    return tree


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NameRepeated
    return members


# Numbers are not looked at, so those of 100,000 digits are measured instead of computed.
_TREE_DECODER = json.JSONDecoder(object_pairs_hook=_without_repeats, parse_int=len, parse_float=len)


def _path_of_nul(value: Any, path: str) -> str | None:
    """Where below `path` a text holds a NUL character, names of members included."""
    if isinstance(value, str):
        return path if "\0" in value else None
    if isinstance(value, list):
        places = ((f"{path}[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, dict):
        if any("\0" in name for name in value):
            return path
        places = ((f"{path}.{name}", item) for name, item in value.items())
    else:
        return None
    return next((found for place, item in places if (found := _path_of_nul(item, place))), None)


@lru_cache(maxsize=1024)
def _fields(kind: type) -> dict[str, msgspec.structs.FieldInfo]:
    """The declared fields by their names on the wire, in order; none for a dictionary."""
    if not issubclass(kind, msgspec.Struct):
        return {}
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _accepts_null(kind: Any) -> bool:
    information = msgspec.inspect.type_info(kind)
    parts = getattr(information, "types", (information,))
    return any(isinstance(part, msgspec.inspect.NoneType | msgspec.inspect.AnyType) for part in parts)


@lru_cache(maxsize=1024)
def _single_field_decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct("SingleField", [("value", kind)]))
