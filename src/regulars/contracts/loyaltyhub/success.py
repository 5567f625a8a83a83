"""Answers to what was done."""

from typing import Any

from msgspec.structs import replace

from regulars.http.answers import Answer, json_answer

_WORD = b"error"
_ESCAPED = rb"\u0065rror"


def success(value: Any, status: int = 200) -> Answer:
    """`value` as JSON that nowhere contains the text `error`, even where a name or an address does.

    Tills search the raw body for it before they read it. No key has it, so it stands within a text, where its
    first letter may be written as an escape and still be the same letter to whoever reads the JSON.
    """
    answer = json_answer(value, status)
    if _WORD not in answer.body:
        return answer
    return replace(answer, body=answer.body.replace(_WORD, _ESCAPED))
