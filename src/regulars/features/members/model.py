"""What members talks about. Every personal datum is in one of these and in no other feature's rows."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType


class Status(StrEnum):
    """Whether a member takes part. Inactive members come back; erased ones never do."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    ERASED = "erased"


class Member(msgspec.Struct, frozen=True):
    """A person in one program. `number` is the integer that some contracts show as the id.

    `handle` is the id that the program itself chose (the user id of CryptoKids); it stays the member's
    for the member's life. `email` keeps the case it was typed in. `home_location_id` is the location the
    member belongs to, and `staff` says that the member works for the program.
    """

    program_id: int
    member_id: UUID
    number: int
    status: Status
    name: str
    email: str | None
    phone: str | None
    birth_date: date | None
    sex: str | None
    created_at: datetime
    updated_at: datetime
    handle: str | None = None
    home_location_id: int | None = None
    staff: bool = False

    def __repr__(self) -> str:
        # The text of a struct ends up in logs and test reports, where no personal data may be.
        return f"Member(program_id={self.program_id}, member_id={self.member_id}, status={self.status})"


class Identifier(msgspec.Struct, frozen=True):
    """What a member is recognised by: kind "phone" (E.164), "rfid", "qr", "card", "pass" and the like.

    `location_id` binds it to a location (a pass works at one venue only). `ended_at` says when it stopped.
    """

    program_id: int
    identifier_id: int
    member_id: UUID
    kind: str
    value: str
    label: str | None
    location_id: int | None
    created_at: datetime
    ended_at: datetime | None

    def __repr__(self) -> str:
        return f"Identifier(identifier_id={self.identifier_id}, kind={self.kind!r})"


class Replacement(msgspec.Struct, frozen=True):
    """An identifier under its new value, and the value that it had."""

    identifier: Identifier
    old_value: str

    def __repr__(self) -> str:
        return f"Replacement({self.identifier!r})"


class NewIdentifier(msgspec.Struct, frozen=True):
    """An identifier to be enrolled with. Kinds "handle" and "email" are fields of the member instead."""

    kind: str
    value: str
    label: str | None = None
    location_id: int | None = None


class NewMember(msgspec.Struct, frozen=True, kw_only=True):
    """A member to be enrolled. `created_at` is for imports and demo data; otherwise it is now."""

    name: str = ""
    handle: str | None = None
    email: str | None = None
    phone: str | None = None
    birth_date: date | None = None
    sex: str | None = None
    identifiers: tuple[NewIdentifier, ...] = ()
    created_at: datetime | None = None
    home_location_id: int | None = None
    staff: bool = False


class ProfileChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Which profile fields to change: what is UNSET stays, None clears."""

    name: str | UnsetType = UNSET
    email: str | None | UnsetType = UNSET
    phone: str | None | UnsetType = UNSET
    birth_date: date | None | UnsetType = UNSET
    sex: str | None | UnsetType = UNSET
    home_location_id: int | None | UnsetType = UNSET
    staff: bool | UnsetType = UNSET


class Origin(msgspec.Struct, frozen=True):
    """Where requests of one UTC day came from."""

    origin_id: UUID
    day: date
    address: str
    user_agent: str

    def __repr__(self) -> str:
        return f"Origin(origin_id={self.origin_id})"
