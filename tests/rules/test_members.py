from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.features.members import rules
from regulars.features.members.model import Member, NewIdentifier, NewMember, ProfileChanges, Status
from regulars.features.members.profiles import changed_profile, checked_identifier, checked_new_member

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEO = Member(
    program_id=1,
    member_id=UUID(int=1),
    number=1,
    status=Status.ACTIVE,
    name="Leo",
    email="leo@example.com",
    phone=None,
    birth_date=None,
    sex=None,
    created_at=NOW,
    updated_at=NOW,
    handle="leo",
)


@pytest.mark.parametrize(
    ("raw", "handle"),
    [
        ("leo", "leo"),
        ("  Leo \n", "leo"),
        ("MARY ANN", "mary ann"),
        ("Ünal", "ünal"),
        ("李雷", "李雷"),
        ("🦊", "🦊"),
        ("x" * 64, "x" * 64),
        ("x" * 65, None),
        ("", None),
        ("   ", None),
        ("le\0o", None),
        ("le\no", None),
        ("le\u200bo", None),
        ("le\u202eo", None),
        ("le\u00a0o", None),
        ("le\ud800o", None),
        ("\ue000", None),
    ],
)
def test_handles_have_one_spelling(raw: str, handle: str | None) -> None:
    assert rules.clean_handle(raw) == handle


@given(st.text(max_size=80))
def test_cleaning_a_handle_twice_changes_nothing(raw: str) -> None:
    handle = rules.clean_handle(raw)
    if handle is not None:
        assert rules.clean_handle(handle) == handle
        assert "\0" not in handle and 1 <= len(handle) <= 64


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("handle", " LEO ", "leo"),
        ("email", " John@Example.com ", "John@Example.com"),
        ("email", "john", None),
        ("email", "john@", None),
        ("email", "@example.com", None),
        ("email", "jo hn@example.com", None),
        ("email", "a@b@c", None),
        ("email", "j\0@example.com", None),
        ("email", "x" * 250 + "@b.uk", None),
        ("phone", "+447700900000", "+447700900000"),
        ("phone", "07700900000", None),
        ("phone", "+44 7700 900000", None),
        ("phone", "+٤٤7700900000", None),
        ("phone", "+447700900000\n", None),
        ("rfid", " ABC123456 ", "ABC123456"),
        ("rfid", "", None),
        ("rfid", "A\0B", None),
        ("rfid", "A" * 201, None),
        ("pass", "ab" * 24, "ab" * 24),
        ("card", "CARD-PREMIUM-1", "CARD-PREMIUM-1"),
        ("Card", "CARD-PREMIUM-1", None),
        ("", "CARD-PREMIUM-1", None),
    ],
)
def test_identifiers_have_one_spelling(kind: str, raw: str, value: str | None) -> None:
    assert rules.clean_identifier(kind, raw) == value


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("  Wife's fob ", "Wife's fob"),
        ("", ""),
        ("नमस्\u200dते", "नमस्\u200dते"),
        ("two\nlines", None),
        ("two\u2028lines", None),
        ("nul\0", None),
        ("half \ud83d of a pair", None),
        ("x" * 11, None),
    ],
)
def test_names_stay_on_one_line(raw: str, text: str | None) -> None:
    assert rules.clean_text(raw, 10 if len(raw) == 11 else 100) == text


@pytest.mark.parametrize(
    ("day", "accepted"),
    [
        (date(2015, 5, 15), True),
        (NOW.date(), True),
        (NOW.date() + timedelta(days=1), True),
        (NOW.date() + timedelta(days=2), False),
        (date(1900, 1, 1), True),
        (date(1776, 7, 4), False),
    ],
)
def test_birth_dates_are_of_the_living(day: date, accepted: bool) -> None:
    assert rules.is_birth_date(day, NOW) is accepted


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("leo", "%leo%"),
        (" leo ", "%leo%"),
        ("100%", "%100\\%%"),
        ("a_b", "%a\\_b%"),
        ("back\\slash", "%back\\\\slash%"),
        ("nul\0", None),
        ("\ud800", None),
        ("x" * 201, None),
    ],
)
def test_a_search_takes_every_character_literally(text: str, pattern: str | None) -> None:
    assert rules.search_pattern(text) == pattern


@pytest.mark.parametrize(
    ("new", "code"),
    [
        (NewMember(name="a\0b"), "invalid_name"),
        (NewMember(name="x" * 201), "invalid_name"),
        (NewMember(handle=""), "invalid_handle"),
        (NewMember(email="nobody"), "invalid_email"),
        (NewMember(phone="07700900000"), "invalid_phone"),
        (NewMember(birth_date=date(2050, 1, 1)), "invalid_birth_date"),
        (NewMember(sex="x" * 33), "invalid_sex"),
        (NewMember(identifiers=(NewIdentifier("rfid", " "),)), "invalid_identifier"),
        (NewMember(identifiers=(NewIdentifier("rfid", "A", "l" * 101),)), "invalid_label"),
        (NewMember(home_location_id=0), "location_not_found"),
        (NewMember(home_location_id=-1), "location_not_found"),
        (NewMember(home_location_id=2**31), "location_not_found"),
    ],
)
def test_why_a_member_is_not_enrolled(new: NewMember, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        checked_new_member(new, NOW)
    assert refusal.value.code == code


def test_a_new_member_is_brought_into_one_spelling() -> None:
    new = NewMember(
        name=" Leo ", handle=" LEO", email=" L@x.uk", sex="", identifiers=(NewIdentifier("rfid", " A ", ""),)
    )
    assert checked_new_member(new, NOW) == NewMember(
        name="Leo", handle="leo", email="L@x.uk", sex=None, identifiers=(NewIdentifier("rfid", "A"),)
    )


@pytest.mark.parametrize("kind", ["handle", "email"])
def test_fields_of_the_member_are_no_identifiers(kind: str) -> None:
    with pytest.raises(AssertionError):
        checked_identifier(NewIdentifier(kind, "leo@example.com"))


def test_a_change_moves_updated_at_and_nothing_else() -> None:
    later = NOW + timedelta(hours=1)
    changed = changed_profile(LEO, ProfileChanges(name=" Leopold ", email=None), later)
    assert (changed.name, changed.email, changed.updated_at) == ("Leopold", None, later)
    assert (changed.handle, changed.created_at, changed.number) == ("leo", NOW, 1)


@pytest.mark.parametrize(
    ("changes", "home_location_id", "staff"),
    [
        (ProfileChanges(home_location_id=2), 2, True),
        (ProfileChanges(home_location_id=None), None, True),
        (ProfileChanges(staff=False), 1, False),
        (ProfileChanges(name="Leopold"), 1, True),
    ],
)
def test_a_home_and_being_staff_change_like_the_rest(
    changes: ProfileChanges, home_location_id: int | None, staff: bool
) -> None:
    changed = changed_profile(replace(LEO, home_location_id=1, staff=True), changes, NOW + timedelta(hours=1))
    assert (changed.home_location_id, changed.staff) == (home_location_id, staff)
    assert changed.updated_at == NOW + timedelta(hours=1)


@pytest.mark.parametrize("location_id", [0, -1, 2**31, 10**40])
def test_no_home_is_where_no_location_can_be(location_id: int) -> None:
    with pytest.raises(Refused, match="location_not_found"):
        changed_profile(LEO, ProfileChanges(home_location_id=location_id), NOW)


@pytest.mark.parametrize(
    "changes",
    [
        ProfileChanges(),
        ProfileChanges(name=" Leo "),
        ProfileChanges(sex=""),
        ProfileChanges(home_location_id=None, staff=False),
    ],
)
def test_what_changes_nothing_leaves_updated_at(changes: ProfileChanges) -> None:
    assert changed_profile(LEO, changes, NOW + timedelta(hours=1)) is LEO


def test_updated_at_never_moves_back() -> None:
    changed = changed_profile(LEO, ProfileChanges(name="Other"), NOW - timedelta(days=1))
    assert changed.updated_at == NOW


def test_no_personal_data_in_the_text_of_a_member() -> None:
    assert not any(datum in repr(LEO) for datum in ("Leo", "leo", "example.com"))
