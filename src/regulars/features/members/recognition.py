"""Recognising whoever stands at a till by what was read or typed, whatever it is."""

from collections.abc import Sequence

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.members import rules, store_recognition
from regulars.features.members.model_recognition import Recognised

EMAIL = "email"


async def recognise(
    connection: Connection, program_id: int, text: str, kinds: Sequence[str]
) -> Recognised | None:
    """The active member whom the text names as an identifier of one of `kinds`, or as an e-mail address.

    The first kind that finds an active member counts, the address, in whatever case, comes last. None when
    there is nobody. One round trip.
    """
    assert not {"handle", EMAIL, "phone"} & set(kinds), "these have spellings of their own"
    code = rules.clean_text(text, rules.IDENTIFIER_LENGTH_MAX) or None
    email = rules.clean_email(text)
    if code is None and email is None:
        return None
    return await store_recognition.select_recognised(Pipeline(connection), program_id, kinds, code, email)
