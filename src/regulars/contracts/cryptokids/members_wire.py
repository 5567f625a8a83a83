"""How members look on the wire, and how what a page sends of one is read."""

import re
from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.rows import milliseconds
from regulars.features.members.model import Member, ProfileChanges

Text = str | None | UnsetType
UserId = Annotated[str, Meta(description="Trimmed and lower-cased.", examples=["leo"])]
Dob = Annotated[str, Meta(description="A date, YYYY-MM-DD; empty for none.", examples=["2017-05-14"])]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class MemberRow(Struct, frozen=True):
    """A member as pages read it. `dob` is YYYY-MM-DD; the two times are in milliseconds since 1970."""

    userId: str
    name: str
    dob: str | None
    sex: str | None
    createdAt: int
    updatedAt: int


class MemberAnswer(Struct, frozen=True):
    """A member that was created or changed."""

    ok: bool
    member: MemberRow


class Done(Struct, frozen=True):
    """It was done; there is nothing more to say."""

    ok: bool = True


class MemberBody(Struct, frozen=True):
    """What a page says of a member: `userId` and `name` to create one; `name`, `dob`, `sex` to change one."""

    user_id: UserId | None = field(default=None, name="userId")
    user_id_snake: UserId | None = field(default=None, name="user_id")
    name: str | None | UnsetType = UNSET
    dob: Dob | None | UnsetType = UNSET
    sex: str | None | UnsetType = UNSET


def member_row(member: Member) -> MemberRow:
    """The member, who must have a user id."""
    assert member.handle is not None
    return MemberRow(
        userId=member.handle,
        name=member.name,
        dob=None if member.birth_date is None else member.birth_date.isoformat(),
        sex=member.sex,
        createdAt=milliseconds(member.created_at),
        updatedAt=milliseconds(member.updated_at),
    )


def profile_changes(body: MemberBody) -> ProfileChanges:
    """What the body changes; empty texts clear.

    Raises Refused: no_fields, invalid_name, invalid_birth_date.
    """
    if body.name is UNSET and body.dob is UNSET and body.sex is UNSET:
        raise Refused("no_fields")
    return ProfileChanges(
        name=UNSET if body.name is UNSET else named(body.name),
        birth_date=UNSET if body.dob is UNSET else birth_date(body.dob),
        sex=UNSET if body.sex is UNSET else (body.sex or None),
    )


def named(name: Text) -> str:
    """The name, which must say something. Raises Refused("invalid_name")."""
    if not isinstance(name, str) or not name.strip():
        raise Refused("invalid_name")
    return name


def birth_date(text: Text) -> date | None:
    """The date of birth, None for none. Raises Refused("invalid_birth_date")."""
    if not isinstance(text, str) or not text.strip():
        return None
    if not _DATE.fullmatch(text.strip()):
        raise Refused("invalid_birth_date")
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refused("invalid_birth_date") from None
