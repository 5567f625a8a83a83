"""The envelope of addresses that belong to no published contract: the server's own, and unknown ones."""

import msgspec

from regulars.http.answers import Answer, json_answer, with_headers
from regulars.http.failures import Failure


class PlainError(msgspec.Struct, frozen=True):
    """What went wrong, as a word for programs and a sentence for people."""

    error: str
    message: str


def plain_errors(failure: Failure) -> Answer:
    """The error table of the server's own addresses."""
    return json_answer(PlainError(failure.code or failure.kind.value, failure.message), failure.status)


def plain_answer(failure: Failure) -> Answer:
    """The answer where no contract answers."""
    return with_headers(plain_errors(failure), failure.headers)
