"""What every refusal looks like, and how endpoints give refusals words of their own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from regulars.base.refusals import Refused
from regulars.contracts.loyaltyhub.errors import name_of, published
from regulars.contracts.loyaltyhub.wire import ErrorAnswer, ErrorData
from regulars.http.answers import Answer, json_answer
from regulars.http.failures import Failure


def errors(failure: Failure) -> Answer:
    """A failure in this contract's envelope."""
    status, code, message = published(failure)
    return json_answer(ErrorAnswer(code, message, ErrorData(status)), status)


@contextmanager
def refusing_as(names: Mapping[str, str]) -> Iterator[None]:
    """Refusals raised inside come out under the name that `names` has for them, the others as they are."""
    try:
        yield
    except Refused as refusal:
        name = names.get(name_of(refusal))
        if name is None:
            raise
        raise Refused(name) from refusal
