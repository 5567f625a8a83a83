"""A body is UTF-8 in all of its bytes, those that nobody asks for included."""

import pytest
from msgspec import Struct

from regulars.http.bodies import decode
from regulars.http.failures import BodyRefused, Problem


class Wish(Struct, frozen=True):
    name: str


NOT_UTF8 = [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", "é".encode("latin-1"), b"\xe2\x82"]


@pytest.mark.parametrize("wrong", NOT_UTF8)
@pytest.mark.parametrize(
    "body", [b'{"name": "a", "x": "*"}', b'{"name": "a", "*": 1}', b'{"name": "a", "x": ["*"]}']
)
def test_what_nobody_asks_for_has_to_be_text_as_well(body: bytes, wrong: bytes) -> None:
    with pytest.raises(BodyRefused) as refused:
        decode(body.replace(b"*", wrong), Wish)
    assert (refused.value.kind, refused.value.field) == (Problem.NOT_JSON, None)


@pytest.mark.parametrize("text", ["é", "€", "\U0001f600", "\u202e", "\ufeff"])
def test_any_text_will_do(text: str) -> None:
    body = f'{{"name": "{text}", "{text}": "{text}"}}'.encode()
    assert decode(body, Wish) == Wish(text)
