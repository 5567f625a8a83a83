"""What a listing of many members is made of. The database writes each of them as a JSON object."""

from datetime import datetime

from msgspec import Struct


class Form(Struct, frozen=True, kw_only=True):
    """The keys of the JSON object that a listed member is written as, in the order in which they come.

    What is not set stands under its own name. `code` is the value of the newest identifier of the kind
    `code_kind`, and `identifiers` are those of `identifiers_kind`, oldest first, each an object with `kind`,
    `value` and `label`. What a member does not have is null. `time_pattern`, as PostgreSQL's to_char reads
    it, is how `updated_at` is written, in UTC.
    """

    number: str = "number"
    name: str = "name"
    email: str = "email"
    code: str = "code"
    code_kind: str = ""
    staff: str = "staff"
    home_location_id: str = "home_location_id"
    updated_at: str = "updated_at"
    time_pattern: str = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
    identifiers: str = "identifiers"
    identifiers_kind: str = ""
    kind: str = "kind"
    value: str = "value"
    label: str = "label"


class Listing(Struct, frozen=True):
    """Which members to list, in the order of their numbers, and the form to write them in.

    `changed_after` None means all of them, whenever they changed. `after` is the number that an earlier
    listing ended with. Members who are not active are left out unless `with_inactive`.
    """

    form: Form = Form()
    changed_after: datetime | None = None
    after: int = 0
    with_inactive: bool = False
    limit: int | None = None


class ListedMember(Struct, frozen=True, gc=False):
    """A member as JSON in the form that was asked for, or without any text when not active."""

    number: int
    text: bytes

    def __repr__(self) -> str:
        # The text of a struct ends up in logs and test reports, where no personal data may be.
        return f"ListedMember(number={self.number})"
