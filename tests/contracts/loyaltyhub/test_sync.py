"""GET /sync: the published example, what has changed, pages, and those who are gone."""

from datetime import UTC, datetime
from typing import Any

import pytest

from regulars.features.members import actions as members
from regulars.features.members.listing import UNSEEN_SECONDS_MAX
from regulars.features.members.model import NewIdentifier, ProfileChanges
from tests.support.hotels import ELSEWHERE, HIGH_STREET, NUMBER_FOUR, Hotels, refused

LAG = f"2026-03-01 11:59:{60 - int(UNSEEN_SECONDS_MAX):02d}"
"""The time of a synchronisation at NOW, which is twelve o'clock."""


def ids(body: dict[str, Any]) -> list[int]:
    return [customer["id"] for customer in body["customers"]]


async def test_the_published_example(hub: Hotels) -> None:
    qr_code = (await hub.register("John Smith", email="john@example.com", rfid_code="ABC123456"))["qr_code"]
    await hub.add_fob(1, "DEF789012", label="Wife's fob")
    answer = await hub.get("/sync")
    assert answer.headers["content-type"] == "application/json"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.json() == {
        "customers": [
            {
                "id": 1,
                "name": "John Smith",
                "email": "john@example.com",
                "qr_code": qr_code,
                "is_staff": False,
                "home_hotel_id": hub.location_ids[HIGH_STREET],
                "updated_at": "2026-03-01 12:00:00",
                "rfid_fobs": [
                    {
                        "identifier_type": "rfid",
                        "identifier_value": "ABC123456",
                        "label": "Primary RFID Fob",
                    },
                    {"identifier_type": "rfid", "identifier_value": "DEF789012", "label": "Wife's fob"},
                ],
            }
        ],
        "count": 1,
        "sync_time": LAG,
    }
    assert list(answer.json()) == ["customers", "count", "sync_time"]
    assert list(answer.json()["customers"][0]) == [
        "id", "name", "email", "qr_code", "is_staff", "home_hotel_id", "updated_at", "rfid_fobs",
    ]  # fmt: skip


async def test_nobody_is_an_empty_list(hub: Hotels) -> None:
    await hub.register(hotel=ELSEWHERE)
    assert await hub.sync() == {"customers": [], "count": 0, "sync_time": LAG}


async def test_customers_of_other_contracts_have_no_code_and_no_home(hub: Hotels) -> None:
    async with hub.database.transaction() as connection:
        leo = await members.enrol(
            connection,
            hub.program_id,
            name="",
            identifiers=[("handle", "leo", None)],
            staff=True,
            now=hub.clock(),
        )
        card = NewIdentifier("card", "C1")
        await members.add_identifier(connection, hub.program_id, leo.member_id, card, hub.clock())
    [customer] = (await hub.sync())["customers"]
    assert customer == {
        "id": 1, "name": "", "email": None, "qr_code": None, "is_staff": True, "home_hotel_id": None,
        "updated_at": "2026-03-01 12:00:00", "rfid_fobs": [],
    }  # fmt: skip


ODD = [
    "back\\slash \\n \\u0041",
    'quo"te',
    "emoji \N{GRINNING FACE}",
    "\u202eleft",
    "\\\\",
    "\\.",
    "\\N",
    "</script>",
]


@pytest.mark.parametrize("text", ODD)
async def test_whatever_can_be_stored_is_sent_as_it_is(hub: Hotels, text: str) -> None:
    await hub.register(text, rfid_code=text)
    await hub.add_fob(1, text + text, label=text)
    [customer] = (await hub.sync())["customers"]
    assert customer["name"] == text
    assert [(fob["identifier_value"], fob["label"]) for fob in customer["rfid_fobs"]] == [
        (text, "Primary RFID Fob"),
        (text + text, text),
    ]


async def test_the_whole_program_by_id_and_nobody_elses(hub: Hotels) -> None:
    for number in range(1, 6):
        await hub.register(f"C{number}", hotel=NUMBER_FOUR if number % 2 else HIGH_STREET)
        await hub.register("Theirs", hotel=ELSEWHERE)
    body = await hub.sync(hotel=NUMBER_FOUR)
    assert [(customer["id"], customer["name"]) for customer in body["customers"]] == [
        (number, f"C{number}") for number in range(1, 6)
    ]
    assert {customer["name"] for customer in (await hub.sync(hotel=ELSEWHERE))["customers"]} == {"Theirs"}


async def test_what_counts_as_a_change(hub: Hotels) -> None:
    for number in range(1, 6):
        await hub.register(f"C{number}", rfid_code=f"F{number}")
    fobs = [known.identifier_id for number in (2, 3) for known in await hub.identifiers(number)][1::2]
    since = hub.clock.advance(minutes=1).isoformat()
    assert (await hub.sync(updated_since=since))["count"] == 0
    hub.clock.advance(microseconds=1)
    second, third, fourth = [(await hub.customer(number)).member_id for number in (2, 3, 4)]
    await hub.add_fob(1, "G1")
    async with hub.database.transaction() as connection:
        program = hub.program_id
        await members.replace_identifier(connection, program, second, fobs[0], "G2", hub.clock())
        await members.end_identifier(connection, program, third, fobs[1], hub.clock())
        await members.update(connection, program, fourth, ProfileChanges(name="New"), hub.clock())
    body = await hub.sync(updated_since=since)
    assert ids(body) == [1, 2, 3, 4]
    shown = [[fob["identifier_value"] for fob in customer["rfid_fobs"]] for customer in body["customers"]]
    assert shown == [["F1", "G1"], ["G2"], [], ["F4"]]


@pytest.mark.parametrize(
    "since",
    [
        "2026-03-01T12:00:00",
        "2026-03-01 12:00:00",
        "2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00.000000",
        "2026-03-01T12:00",
        "2026-03-01T13:00:00+01:00",
        "2026-03-01T13:00:00 01:00",
        "2026-03-01T07:30:00-0430",
        " 2026-03-01T12:00:00 ",
    ],
)
async def test_times_without_an_offset_are_utc(hub: Hotels, since: str) -> None:
    await hub.register("At the time")
    hub.clock.advance(seconds=1)
    await hub.register("Later")
    assert ids(await hub.sync(updated_since=since)) == [2]


@pytest.mark.parametrize("since", ["2026-03-01", "1970-01-01T00:00:00Z", "0001-01-01", ""])
async def test_days_and_long_ago(hub: Hotels, since: str) -> None:
    await hub.register()
    assert ids(await hub.sync(updated_since=since)) == [1]
    assert (await hub.sync(updated_since="9999-12-31T23:59:59"))["count"] == 0


@pytest.mark.parametrize(
    "since",
    [
        "yesterday", "0", "1709294400", "2026-3-1", "2026-02-30", "2026-03-01T25:00:00", "20260301T120000",
        "2026-03-01T12:00:00X", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
        "2026-03-01T12:00:00+99:00", "2026-03-01T12:00:00,", "\u0662\u0660\u0662\u0666-03-01",
        "' or 1=1 --", "infinity", "a\0b", "1" * 9000,
    ],
)  # fmt: skip
async def test_what_is_no_time_is_refused(hub: Hotels, since: str) -> None:
    answer = await hub.get("/sync", updated_since=since)
    refused(answer, 400, "rest_invalid_param", "Invalid parameter(s): updated_since")


async def test_nothing_is_missed_from_one_synchronisation_to_the_next(hub: Hotels) -> None:
    """A change that was given its time before a synchronisation, and is committed after it."""
    await hub.register("Other")
    async with hub.database.transaction() as connection:
        await members.enrol(connection, hub.program_id, name="Late", now=hub.clock())
        hub.clock.advance(seconds=5)
        first = await hub.sync()
    assert ids(first) == [1]
    assert ids(await hub.sync(updated_since=first["sync_time"])) == [1, 2]
    hub.clock.advance(seconds=60)
    later = await hub.sync(updated_since=first["sync_time"])
    assert (await hub.sync(updated_since=later["sync_time"]))["count"] == 0


async def test_who_is_gone_is_told_when_asked(hub: Hotels) -> None:
    for number in range(1, 5):
        await hub.register(f"C{number}")
    hub.clock.advance(minutes=1)
    since = hub.clock().isoformat()
    hub.clock.advance(minutes=1)
    await hub.switch_off(2)
    await hub.erase(4)
    body = await hub.sync(include_deleted=1)
    assert (ids(body), body["count"], body["deleted"]) == ([1, 3], 2, [2, 4])
    assert list(body) == ["customers", "count", "sync_time", "deleted"]
    assert (await hub.sync(include_deleted="true", updated_since=since))["deleted"] == [2, 4]
    hub.clock.advance(minutes=1)
    assert (await hub.sync(include_deleted=1, updated_since=hub.clock().isoformat()))["deleted"] == []
    for asked in ({}, {"include_deleted": 0}, {"include_deleted": ""}):
        assert list(await hub.sync(**asked)) == ["customers", "count", "sync_time"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 10_000])
async def test_pages_are_the_whole(hub: Hotels, limit: int) -> None:
    for number in range(1, 8):
        await hub.register(f"C{number}")
    await hub.switch_off(3)
    whole = await hub.sync(include_deleted=1)
    customers, deleted, times = [], [], set()
    query: dict[str, Any] = {"include_deleted": 1}
    while True:
        page = await hub.sync(limit=limit, **query)
        assert list(page) == ["customers", "count", "sync_time", "deleted", "next_cursor"]
        assert page["count"] == len(page["customers"]) <= limit
        customers += page["customers"]
        deleted += page["deleted"]
        times.add(page["sync_time"])
        # Whoever goes on later still has the time of the first page, for what changed meanwhile.
        hub.clock.advance(seconds=90)
        if page["next_cursor"] is None:
            break
        query = {"cursor": page["next_cursor"]}
    assert (customers, deleted, times) == (whole["customers"], [3], {whole["sync_time"]})


async def test_a_page_without_those_who_are_gone(hub: Hotels) -> None:
    await hub.register()
    assert list(await hub.sync(limit=1)) == ["customers", "count", "sync_time", "next_cursor"]
    assert (await hub.sync(limit=1))["next_cursor"] is None


async def test_a_cursor_knows_what_was_asked_for(hub: Hotels) -> None:
    await hub.register("Before")
    since = hub.clock().isoformat()
    hub.clock.advance(seconds=1)
    for number in range(2, 6):
        await hub.register(f"C{number}")
    page = await hub.sync(limit=2, updated_since=since)
    assert ids(page) == [2, 3]
    rest = await hub.sync(cursor=page["next_cursor"], updated_since="2000-01-01", include_deleted=1)
    assert (ids(rest), "deleted" in rest, rest["next_cursor"]) == ([4, 5], False, None)
    assert ids(await hub.sync(cursor=page["next_cursor"], limit=1)) == [4]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "10001"),
        ("limit", "x"),
        ("limit", "1.5"),
        ("limit", "9" * 400),
        ("include_deleted", "2"),
        ("include_deleted", "yes"),
        ("cursor", "x"),
        ("cursor", "é"),
        ("cursor", "W10"),
        ("cursor", "bnVsbA"),
        # [1, null, false, "2026-03-01T12:00:00"] has no offset, and the next one is below every number.
        ("cursor", "WzEsbnVsbCxmYWxzZSwiMjAyNi0wMy0wMVQxMjowMDowMCJd"),
        ("cursor", "Wy0xLG51bGwsZmFsc2UsIjIwMjYtMDMtMDFUMTI6MDA6MDBaIl0"),
        ("cursor", "A" * 9000),
    ],
)
async def test_parameters_that_are_wrong_are_named(hub: Hotels, name: str, value: str) -> None:
    answer = await hub.get("/sync", **{name: value})
    refused(answer, 400, "rest_invalid_param", f"Invalid parameter(s): {name}")


async def test_times_are_cut_and_never_lie_in_the_future(hub: Hotels) -> None:
    hub.clock.now = datetime(2026, 3, 1, 12, 0, 59, 999_999, tzinfo=UTC)
    await hub.register()
    body = await hub.sync()
    assert body["customers"][0]["updated_at"] == "2026-03-01 12:00:59"
    assert body["sync_time"] == "2026-03-01 12:00:29"
