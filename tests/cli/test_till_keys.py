"""A till's key from the command line: it works at its own hotel, is rotated with an overlap, and revoked."""

import re
from pathlib import Path

import pytest

from regulars.base.clock import utc_now
from tests.cli.commands import Desk
from tests.support.hotels import HIGH_STREET, NUMBER_FOUR, Hotels, beside, ok, refused

HERE = ("--program", "hub")
TILL = ("--scope", "loyaltyhub:till")


class Tills:
    """Tills at the two hotels, each time as a server sees them that remembers no key."""

    def __init__(self, hub: Hotels, database_url: str, directory: Path) -> None:
        self._hub = hub
        self._database_url = database_url
        self._directory = directory

    async def answers(self, statuses: dict[str, int]) -> None:
        """A customer is identified with these keys, or they are refused, as the statuses say."""
        async with beside(self._hub, self._database_url, self._directory) as fresh:
            for key, status in statuses.items():
                fresh.keys["till"] = key
                answer = await fresh.post("/identify", {"identifier": "04A1"}, hotel="till")
                if status == 200:
                    ok(answer)
                else:
                    refused(answer, status, "invalid_api_key")


@pytest.fixture
def tills(hub: Hotels, database_url: str, tmp_path: Path) -> Tills:
    return Tills(hub, database_url, tmp_path)


async def test_a_tills_key_lives_as_the_operator_says(bare_desk: Desk, hub: Hotels, tills: Tills) -> None:
    await hub.register(rfid_code="04A1")
    hub.clock.now = utc_now()
    made = await bare_desk.works_beside("keys", "create", "Bar", *TILL, "--location", "number-four", *HERE)
    first = made.strip()
    assert re.fullmatch("[A-Za-z0-9]{64}", first)
    others = {hub.keys[HIGH_STREET]: 200, hub.keys[NUMBER_FOUR]: 200}
    await tills.answers({first: 200, **others})

    listed = await bare_desk.works_beside("keys", "list", *HERE)
    [line] = [line for line in listed.splitlines() if " Bar " in line]
    assert "number-four" in line and "loyaltyhub:till" in line and first not in listed
    number = re.findall(r"\d+", line)[0]

    second = (await bare_desk.works_beside("keys", "rotate", number, "--overlap", "1h", *HERE)).strip()
    hub.clock.advance(minutes=59)
    await tills.answers({first: 200, second: 200})
    hub.clock.advance(minutes=2)
    await tills.answers({first: 401, second: 200})

    await bare_desk.works_beside("keys", "revoke", number, *HERE)
    await tills.answers({first: 401, second: 401, **others})
    listed = await bare_desk.works_beside("keys", "list", *HERE)
    assert [line for line in listed.splitlines() if " Bar " in line and "revoked" in line]


async def test_a_key_acts_for_its_own_hotel(bare_desk: Desk, hub: Hotels) -> None:
    made = await bare_desk.works_beside("keys", "create", "Bar", *TILL, "--location", "number-four", *HERE)
    hub.clock.now = utc_now()
    hub.keys["till"] = made.strip()
    body = ok(await hub.post("/register", {"name": "Ann", "rfid_code": "04A1"}, hotel="till"), 201)
    customer = await hub.customer(body["customer_id"])
    assert customer.home_location_id == hub.location_ids[NUMBER_FOUR]


def test_a_tills_key_needs_a_hotel(desk: Desk) -> None:
    assert "--location" in desk.refuses("keys", "create", "Bar", *TILL)
    assert "regulars locations add" in desk.refuses("keys", "create", "Bar", *TILL, "--location", "moon")
    assert "regulars keys create" in desk.works("keys", "list")
