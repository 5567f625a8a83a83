"""Recognising whoever stands at a till by what was read or typed, whatever it is."""

from collections.abc import Sequence

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.members import rules, store_recognition
from regulars.features.members.model_recognition import Recognised

EMAIL = "email"


class Recognition:
    """Whom a text names, asked together with other questions; see `recognise`.

    It can be read once the pipeline was flushed. The statements that go out after it can be about the member
    whom it finds, who is handed over to them as `member_id` (`db.handover`).
    """

    def __init__(self, pipeline: Pipeline, program_id: int, text: str, kinds: Sequence[str]) -> None:
        assert not {"handle", EMAIL, "phone"} & set(kinds), "these have spellings of their own"
        code = rules.clean_text(text, rules.IDENTIFIER_LENGTH_MAX) or None
        email = rules.clean_email(text)
        self.is_asked = code is not None or email is not None
        """Whether the text can name anybody; where it cannot, nothing was sent."""
        if self.is_asked:
            self._sent = store_recognition.send_recognised(pipeline, program_id, kinds, code, email)

    @property
    def recognised(self) -> Recognised | None:
        """The member, or None when there is nobody."""
        return store_recognition.recognised_in(self._sent) if self.is_asked else None


async def recognise(
    connection: Connection, program_id: int, text: str, kinds: Sequence[str]
) -> Recognised | None:
    """The active member whom the text names as an identifier of one of `kinds`, or as an e-mail address.

    The first kind that finds an active member counts, the address, in whatever case, comes last. None when
    there is nobody. One round trip.
    """
    pipeline = Pipeline(connection)
    recognition = Recognition(pipeline, program_id, text, kinds)
    if recognition.is_asked:
        await pipeline.flush()
    return recognition.recognised
