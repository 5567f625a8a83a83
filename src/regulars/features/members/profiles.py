"""Brings what callers give of a member into the one spelling that is stored, or refuses it."""

from datetime import date, datetime

from msgspec import UNSET
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.features.members import rules
from regulars.features.members.model import Member, NewIdentifier, NewMember, ProfileChanges


def checked_new_member(new: NewMember, now: datetime) -> NewMember:
    """The member as it is to be stored.

    Raises Refused: invalid_… with the field's name, location_not_found.
    """
    return replace(
        new,
        name=_name(new.name),
        handle=None if new.handle is None else _handle(new.handle),
        email=_email(new.email),
        phone=_phone(new.phone),
        birth_date=_birth_date(new.birth_date, now),
        sex=_sex(new.sex),
        identifiers=tuple(checked_identifier(identifier) for identifier in new.identifiers),
        home_location_id=_home_location_id(new.home_location_id),
    )


def checked_identifier(new: NewIdentifier) -> NewIdentifier:
    """The identifier as it is to be stored. Raises Refused: invalid_identifier, invalid_label."""
    assert new.kind not in ("handle", "email"), "the handle and the address are fields of the member"
    value = rules.clean_identifier(new.kind, new.value)
    if value is None:
        raise Refused("invalid_identifier", kind=new.kind)
    label = None if new.label is None else rules.clean_text(new.label, rules.LABEL_LENGTH_MAX)
    if new.label is not None and label is None:
        raise Refused("invalid_label")
    return replace(new, value=value, label=label or None)


def changed_profile(member: Member, changes: ProfileChanges, now: datetime) -> Member:
    """The member after the changes, `updated_at` included if there are any.

    Raises Refused: invalid_…, location_not_found.
    """
    changed = replace(
        member,
        name=member.name if changes.name is UNSET else _name(changes.name),
        email=member.email if changes.email is UNSET else _email(changes.email),
        phone=member.phone if changes.phone is UNSET else _phone(changes.phone),
        birth_date=(
            member.birth_date if changes.birth_date is UNSET else _birth_date(changes.birth_date, now)
        ),
        sex=member.sex if changes.sex is UNSET else _sex(changes.sex),
        home_location_id=(
            member.home_location_id
            if changes.home_location_id is UNSET
            else _home_location_id(changes.home_location_id)
        ),
        staff=member.staff if changes.staff is UNSET else changes.staff,
    )
    return member if changed == member else replace(changed, updated_at=max(member.updated_at, now))


def _handle(raw: str) -> str:
    handle = rules.clean_handle(raw)
    if handle is None:
        raise Refused("invalid_handle")
    return handle


def _name(raw: str) -> str:
    name = rules.clean_text(raw, rules.NAME_LENGTH_MAX)
    if name is None:
        raise Refused("invalid_name")
    return name


def _email(raw: str | None) -> str | None:
    email = None if raw is None else rules.clean_email(raw)
    if raw is not None and email is None:
        raise Refused("invalid_email")
    return email


def _phone(raw: str | None) -> str | None:
    phone = None if raw is None else rules.clean_phone(raw)
    if raw is not None and phone is None:
        raise Refused("invalid_phone")
    return phone


def _birth_date(day: date | None, now: datetime) -> date | None:
    if day is not None and not rules.is_birth_date(day, now):
        raise Refused("invalid_birth_date")
    return day


def _sex(raw: str | None) -> str | None:
    sex = None if raw is None else rules.clean_text(raw, rules.SEX_LENGTH_MAX)
    if raw is not None and sex is None:
        raise Refused("invalid_sex")
    return sex or None


def _home_location_id(location_id: int | None) -> int | None:
    # Whether there is such a location is for the database to say; a column holds no greater number.
    if location_id is not None and not 0 < location_id <= rules.LOCATION_ID_MAX:
        raise Refused("location_not_found")
    return location_id
