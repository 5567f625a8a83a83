"""What access talks about: programs, locations, credentials, and the caller that a key stands for."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class Program(msgspec.Struct, frozen=True):
    """A tenant: members, points and credentials of one program are never seen by another."""

    program_id: int
    slug: str
    name: str
    currency: str
    time_zone: str
    settings: dict[str, Any]


class Location(msgspec.Struct, frozen=True):
    """A place of a program: a venue, a hotel, a store. `slug` is the text id that contracts show."""

    program_id: int
    location_id: int
    slug: str
    name: str
    time_zone: str
    currency: str
    active: bool
    settings: dict[str, Any]


class Caller(msgspec.Struct, frozen=True):
    """Who sends a request; `credential_id` is None for a keyless one.

    `location_id` binds the caller to one location; None acts for every location of the program.
    `member_id` is set for a member's own device, which reaches that member's data only. `subject` is whom a
    token of the program's issuer is about, under the issuer's own id.
    """

    program_id: int
    credential_id: int | None
    name: str
    scopes: frozenset[str]
    location_id: int | None = None
    member_id: UUID | None = None
    subject: str | None = None


class Secret(msgspec.Struct, frozen=True):
    """One key of a credential, without the key: `prefix` is how it begins, or a made-up one for a key
    that was brought along."""

    prefix: str
    created_at: datetime
    expires_at: datetime | None


class Credential(msgspec.Struct, frozen=True):
    """Who may call and what for. While it is rotated, it has several secrets that work."""

    program_id: int
    credential_id: int
    name: str
    scopes: frozenset[str]
    location_id: int | None
    member_id: UUID | None
    created_at: datetime
    revoked_at: datetime | None
    secrets: tuple[Secret, ...] = ()


class IssuedKey(msgspec.Struct, frozen=True):
    """A credential and its new key. The key is shown here once and cannot be read again."""

    credential: Credential
    key: str

    def __repr__(self) -> str:
        # The text of a struct ends up in logs and test reports, where no key may be.
        return f"IssuedKey(credential_id={self.credential.credential_id})"
