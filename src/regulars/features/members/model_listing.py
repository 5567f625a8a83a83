"""What a listing of many members is made of. The database writes its rows as JSON arrays."""

from datetime import datetime

from msgspec import Struct

from regulars.features.members.model import Status


class Listing(Struct, frozen=True):
    """Which members to list, in the order of their numbers.

    `changed_after` None means all of them, whenever they changed. `after` is the number that an earlier
    listing ended with. Members who are not active are left out unless `with_inactive`.
    """

    identifier_kinds: tuple[str, ...] = ()
    changed_after: datetime | None = None
    after: int = 0
    with_inactive: bool = False
    limit: int | None = None


class ListedIdentifier(Struct, frozen=True, array_like=True, gc=False):
    """One of the values that a listed member is recognised by."""

    kind: str
    value: str
    label: str | None


class ListedMember(Struct, frozen=True, array_like=True, gc=False):
    """A member with the identifiers of the kinds that were asked for, oldest first."""

    number: int
    status: Status
    name: str
    email: str | None
    staff: bool
    home_location_id: int | None
    updated_at: datetime
    identifiers: tuple[ListedIdentifier, ...]

    def __repr__(self) -> str:
        # The text of a struct ends up in logs and test reports, where no personal data may be.
        return f"ListedMember(number={self.number})"
