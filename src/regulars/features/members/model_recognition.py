"""What recognising a member tells."""

from msgspec import Struct

from regulars.features.members.model import Member


class Recognised(Struct, frozen=True):
    """A member, and which kind of identifier the text was; `label` is the identifier's, if it has one."""

    member: Member
    kind: str
    label: str | None
