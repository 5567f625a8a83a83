"""Turns what the features and the reading of bodies refuse into the words that one endpoint publishes."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from regulars.base.refusals import Refused
from regulars.http.failures import BodyRefused, Problem

_NO_ANSWER_TO_CONTENT = (Problem.TOO_LARGE, Problem.TOO_SLOW)


@contextmanager
def reworded(words: Mapping[str, str], otherwise: str) -> Iterator[None]:
    """Refusals raised inside come out under their word in `words`, or as `otherwise`.

    A field of a body that is wrong counts as `invalid_<field>`, a body that is no JSON object as
    `invalid_body`. Bodies that are too large or too slow keep their own failure.
    """
    try:
        yield
    except BodyRefused as error:
        if error.kind in _NO_ANSWER_TO_CONTENT:
            raise
        raise Refused(words.get(f"invalid_{error.field or 'body'}", otherwise)) from error
    except Refused as refusal:
        raise Refused(words.get(refusal.code, otherwise), **refusal.details) from refusal
