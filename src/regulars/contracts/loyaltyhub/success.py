"""Answers to what was done."""

from typing import Any

from regulars.http.answers import Answer, json_answer

_WORD = b"error"
_ESCAPED = rb"\u0065rror"


def success(value: Any, status: int = 200) -> Answer:
    """`value` as JSON that nowhere contains the text `error`, even where a name or an address does."""
    answer = json_answer(value, status)
    return Answer(status, without_the_word(answer.body), answer.headers)


def without_the_word(body: bytes) -> bytes:
    """The same JSON without the text `error`.

    Tills search the raw body for it before they read it. No key has it, so it stands within a text, where its
    first letter may be written as an escape and still be the same letter to whoever reads the JSON.
    """
    return body.replace(_WORD, _ESCAPED) if _WORD in body else body
