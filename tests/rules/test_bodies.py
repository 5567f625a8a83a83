"""Bodies: what is decoded, and what is refused and why."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from regulars.http.bodies import decode
from regulars.http.failures import BodyRefused, Problem

POINTS_MAX = 2**53 - 1


class Item(Struct, frozen=True):
    product_id: int
    label: str = ""


class Purchase(Struct, frozen=True, rename={"user_id": "userId"}):
    user_id: str
    amount: Annotated[int, Meta(ge=1, le=POINTS_MAX)]
    note: str | None = None
    size: Literal["small", "large"] = "small"
    items: list[Item] = []
    extra: dict[str, Any] = {}


GOOD: dict[str, tuple[bytes, Purchase]] = {
    "plain": (b'{"userId":"leo","amount":5}', Purchase("leo", 5)),
    "null where optional": (b'{"userId":"leo","amount":5,"note":null}', Purchase("leo", 5)),
    "fields nobody declared": (b'{"amount":5,"role":"admin","userId":"leo"}', Purchase("leo", 5)),
    "the largest amount": (b'{"userId":"leo","amount":9007199254740991}', Purchase("leo", POINTS_MAX)),
    "byte order mark": (b'\xef\xbb\xbf{"userId":"leo","amount":5}', Purchase("leo", 5)),
    "escaped letters": (b'{"userId":"l\\u00e9o","amount":5}', Purchase("léo", 5)),
    "a pair of surrogates": (b'{"userId":"\\ud83d\\ude00","amount":5}', Purchase("😀", 5)),
    "a backslash before u0000": (b'{"userId":"\\\\u0000","amount":5}', Purchase("\\u0000", 5)),
    "a NUL where nobody looks": (b'{"userId":"leo","amount":5,"other":"\\u0000"}', Purchase("leo", 5)),
    "the same name in two objects": (
        b'{"userId":"leo","amount":5,"items":[{"product_id":1},{"product_id":2}]}',
        Purchase("leo", 5, items=[Item(1), Item(2)]),
    ),
    "a name as a value": (b'{"userId":"amount","amount":5,"note":"amount"}', Purchase("amount", 5, "amount")),
    "a name in quotes inside a text": (
        b'{"userId":"leo","note":"\\"amount","amount":5}',
        Purchase("leo", 5, '"amount'),
    ),
    "many digits where nobody looks": (
        b'{"userId":"leo","amount":5,"other":' + b"9" * 100_000 + b"}",
        Purchase("leo", 5),
    ),
}


@pytest.mark.parametrize(("raw", "expected"), GOOD.values(), ids=GOOD)
def test_a_good_body_is_decoded(raw: bytes, expected: Purchase) -> None:
    assert decode(raw, Purchase) == expected


WHOLE = (None, Problem.NOT_JSON)
OBJECT = (None, Problem.NOT_OBJECT)
DIGITS = b"9" * 100_000
DEEP = b"[" * 100_000 + b"]" * 100_000

REFUSED: dict[str, tuple[bytes, tuple[str | None, Problem]]] = {
    "nothing": (b"", WHOLE),
    "space": (b"  \n", WHOLE),
    "text": (b"hello", WHOLE),
    "cut short": (b'{"userId":"leo","amount":', WHOLE),
    "something after the end": (b'{"userId":"leo","amount":5}x', WHOLE),
    "a comma too many": (b'{"userId":"leo","amount":5,}', WHOLE),
    "a form": (b"userId=leo&amount=5", WHOLE),
    "null": (b"null", OBJECT),
    "a list": (b"[]", OBJECT),
    "a number": (b"5", OBJECT),
    "a deep list": (DEEP, OBJECT),
    "NaN": (b'{"userId":"leo","amount":NaN}', WHOLE),
    "Infinity": (b'{"userId":"leo","amount":-Infinity}', WHOLE),
    "invalid UTF-8": (b'{"userId":"l\xffo","amount":5}', WHOLE),
    "a surrogate in UTF-8": (b'{"userId":"\xed\xa0\x80","amount":5}', WHOLE),
    "UTF-16": ('{"userId":"leo","amount":5}'.encode("utf-16"), WHOLE),
    "a lone surrogate": (b'{"userId":"\\ud800","amount":5}', WHOLE),
    "a lone surrogate inside": (b'{"userId":"leo","amount":5,"extra":{"a":"\\ud800"}}', WHOLE),
    "a raw NUL": (b'{"userId":"l\x00o","amount":5}', WHOLE),
    "a name twice": (b'{"userId":"leo","amount":1,"amount":100}', WHOLE),
    "a name twice, once escaped": (b'{"userId":"leo","amount":1,"\\u0061mount":100}', WHOLE),
    "a name twice, after a text that quotes it": (
        b'{"userId":"leo","note":"\\"amount","amount":1,"amount":100}',
        WHOLE,
    ),
    "a name twice, with space before the colon": (b'{"userId":"leo","amount" :1,"amount"\t:100}', WHOLE),
    "a name twice inside": (b'{"userId":"leo","amount":1,"items":[{"product_id":1,"product_id":2}]}', WHOLE),
    "a name twice that nobody asks for": (b'{"userId":"leo","amount":1,"other":{"b":1,"b":1}}', WHOLE),
    "a name twice, after one that nobody asks for": (
        b'{"userId":"leo","extra":{"other":1},"amount":1,"amount":1}',
        WHOLE,
    ),
    "a name twice, the first one wrong": (b'{"userId":"leo","amount":"x","amount":100}', WHOLE),
    "nested too deeply": (b'{"userId":"leo","amount":5,"extra":{"a":' + DEEP + b"}}", WHOLE),
    "nested too deeply, undeclared": (b'{"userId":"leo","amount":5,"other":' + DEEP + b"}", WHOLE),
    "missing": (b'{"amount":5}', ("userId", Problem.MISSING)),
    "null where required": (b'{"userId":null,"amount":5}', ("userId", Problem.MISSING)),
    "the first of two missing": (b"{}", ("userId", Problem.MISSING)),
    "the declared order, not the sent one": (b'{"amount":"x","userId":1}', ("userId", Problem.WRONG_TYPE)),
    "missing before wrong": (b'{"amount":"x"}', ("userId", Problem.MISSING)),
    "text for a number": (b'{"userId":"leo","amount":"5"}', ("amount", Problem.WRONG_TYPE)),
    "a float": (b'{"userId":"leo","amount":5.0}', ("amount", Problem.WRONG_TYPE)),
    "an exponent": (b'{"userId":"leo","amount":1e2}', ("amount", Problem.WRONG_TYPE)),
    "a boolean": (b'{"userId":"leo","amount":true}', ("amount", Problem.WRONG_TYPE)),
    "zero": (b'{"userId":"leo","amount":0}', ("amount", Problem.WRONG_TYPE)),
    "minus zero": (b'{"userId":"leo","amount":-0}', ("amount", Problem.WRONG_TYPE)),
    "negative": (b'{"userId":"leo","amount":-5}', ("amount", Problem.WRONG_TYPE)),
    "2^53": (b'{"userId":"leo","amount":9007199254740992}', ("amount", Problem.WRONG_TYPE)),
    "2^63": (b'{"userId":"leo","amount":9223372036854775808}', ("amount", Problem.WRONG_TYPE)),
    "2^64": (b'{"userId":"leo","amount":18446744073709551616}', ("amount", Problem.WRONG_TYPE)),
    "100,000 digits": (b'{"userId":"leo","amount":' + DIGITS + b"}", ("amount", Problem.WRONG_TYPE)),
    "100,000 digits inside": (
        b'{"userId":"leo","amount":5,"extra":{"a":' + DIGITS + b"}}",
        ("extra", Problem.WRONG_TYPE),
    ),
    "more than a float holds": (
        b'{"userId":"leo","amount":5,"extra":{"a":1e999}}',
        ("extra", Problem.WRONG_TYPE),
    ),
    "a value that is none of those": (
        b'{"userId":"leo","amount":5,"size":"huge"}',
        ("size", Problem.WRONG_TYPE),
    ),
    "null where it may only be left out": (
        b'{"userId":"leo","amount":5,"items":null}',
        ("items", Problem.WRONG_TYPE),
    ),
    "NUL in text": (b'{"userId":"l\\u0000o","amount":5}', ("userId", Problem.WRONG_TYPE)),
    "NUL in a value inside": (
        b'{"userId":"leo","amount":5,"extra":{"a":["b","\\u0000"]}}',
        ("extra", Problem.WRONG_TYPE),
    ),
    "NUL in a name inside": (
        b'{"userId":"leo","amount":5,"extra":{"\\u0000":1}}',
        ("extra", Problem.WRONG_TYPE),
    ),
    "NUL before a wrong type": (
        b'{"userId":"l\\u0000o","amount":"x"}',
        ("userId", Problem.WRONG_TYPE),
    ),
}


@pytest.mark.parametrize(("raw", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_bad_body_is_refused_for_its_first_fault(raw: bytes, expected: tuple[str | None, Problem]) -> None:
    with pytest.raises(BodyRefused) as caught:
        decode(raw, Purchase)
    assert (caught.value.field, caught.value.kind) == expected


def test_the_refusal_says_where_inside_a_field() -> None:
    raw = b'{"userId":"leo","amount":5,"items":[{"product_id":1},{"product_id":"two"}]}'
    with pytest.raises(BodyRefused) as caught:
        decode(raw, Purchase)
    assert caught.value.path == "items[1].product_id"
    assert caught.value.detail == "items[1].product_id: Expected `int`, got `str`"


@pytest.mark.parametrize(
    "raw", [b'{"userId":"leo","amount":5,"size":"0171-2345678"}', b'{"userId":0,"amount":5}']
)
def test_the_refusal_quotes_nothing_that_was_sent(raw: bytes) -> None:
    with pytest.raises(BodyRefused) as caught:
        decode(raw, Purchase)
    assert "0171" not in caught.value.detail


def test_rules_of_the_whole_struct_are_a_fault_of_no_field() -> None:
    class Range(Struct):
        first: int
        last: int

        def __post_init__(self) -> None:
            if self.first > self.last:
                raise ValueError("first is after last")

    with pytest.raises(BodyRefused) as caught:
        decode(b'{"first":2,"last":1}', Range)
    assert (caught.value.field, caught.value.kind) == (None, Problem.WRONG_TYPE)


def test_a_dictionary_is_read_as_it_is_but_names_nothing_twice() -> None:
    assert decode(b'{"a":[1,{"b":null}]}', dict[str, Any]) == {"a": [1, {"b": None}]}
    with pytest.raises(BodyRefused):
        decode(b'{"a":1,"a":2}', dict[str, Any])
    with pytest.raises(BodyRefused):
        decode(b'{"a":"\\u0000"}', dict[str, Any])


def test_unset_fields_can_be_told_from_null() -> None:
    class Change(Struct):
        note: str | None | msgspec.UnsetType = msgspec.UNSET
        cost: int | msgspec.UnsetType = msgspec.UNSET

    assert decode(b"{}", Change) == Change()
    assert decode(b'{"note":null}', Change) == Change(note=None)
    with pytest.raises(BodyRefused) as caught:
        decode(b'{"cost":null}', Change)
    assert (caught.value.field, caught.value.kind) == ("cost", Problem.WRONG_TYPE)
