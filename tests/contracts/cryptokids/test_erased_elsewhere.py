"""Members whom another process erased: this one remembers their user ids and has been told nothing.

Whoever only reads is answered wrongly for a minute at most. A posting may use what is remembered however
old it is, because the ledger knows better.
"""

from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from regulars.contracts.cryptokids.context import CHILD_SCOPE
from regulars.db.database import DatabaseUnavailable
from regulars.features.access.actions_credentials import issue_credential
from regulars.features.ledger.actions import close_accounts
from regulars.features.members import actions as members
from regulars.features.members import store
from tests.support.family import SECRET_KEY, Answer, Family, ok, refused

AGES = 1_000_000

READS: list[tuple[str, str, Any]] = [
    ("GET", "/balance/*", None),
    ("GET", "/summary/*", None),
    ("GET", "/ck/ledger/*", None),
    ("GET", "/api/history?userId=*", None),
    ("GET", "/api/history?userId=*&format=csv", None),
    ("GET", "/api/history/user/*", None),
    ("GET", "/api/history.csv/*", None),
    ("POST", "/api/tokens/give", {"userId": "*", "amount": 1}),
    ("POST", "/api/tokens/earn", {"userId": "*", "templates": [{"id": 1}]}),
    # Refused before the ledger sees them, with the member's balance and hints.
    ("POST", "/ck/earn", {"user_id": "*", "amount": 0}),
    ("POST", "/ck/redeem", {"user_id": "*", "amount": "many"}),
    ("POST", "/ck/adjust", {"user_id": "*", "delta": 0}),
    ("POST", "/ck/refund", {"user_id": "*", "amount": 1, "reason": "mis_tap"}),
    ("POST", "/ck/refund", {"user_id": "*", "amount": 0, "reason": "mis_tap"}),
    ("POST", "/api/earn/quick", {"userId": "*", "templateId": 999}),
    ("POST", "/api/holds", {"userId": "*", "itemId": 999}),
]
TOO_LONG = {"Idempotency-Key": "k" * 256}
POSTINGS: list[tuple[str, dict[str, Any]]] = [
    ("/ck/earn", {"user_id": "leo", "amount": 2}),
    ("/ck/redeem", {"user_id": "leo", "amount": 2}),
    ("/ck/adjust", {"user_id": "leo", "delta": 2}),
    ("/api/earn/quick", {"userId": "leo", "templateId": 1}),
    ("/api/holds", {"userId": "leo", "itemId": 1}),
]


class Time:
    """The seconds that remembered user ids age by."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest_asyncio.fixture
async def time(home: Family) -> Time:
    """Leo, who has 50 points, is remembered by a server whose seconds pass as the test says."""
    await home.set(enrol_on_earn=False)
    time = Time()
    handles = members.HandleCache(home.database, monotonic=time)
    home.application.state["services"] = msgspec.structs.replace(home.services, handles=handles)
    await home.earn(50)
    await home.redeem(5)
    assert handles.cached(home.program_id, "leo") == home.member_ids["leo"]
    return time


async def erase(home: Family) -> None:
    """Leo is erased as another process would do it."""
    member_id = home.member_ids["leo"]
    async with home.database.transaction() as connection:
        await members.erase(connection, home.program_id, member_id, home.clock())
        await close_accounts(connection, home.program_id, member_id, home.clock())


async def enrol_another_leo(home: Family) -> UUID:
    """Another process makes somebody else of the user id."""
    async with home.database.transaction() as connection:
        member = await members.enrol(
            connection, home.program_id, name="Leo", identifiers=[("handle", "leo", None)], now=home.clock()
        )
    home.member_ids["leo"] = member.member_id
    return member.member_id


async def ask(home: Family, request: tuple[str, str, Any], user_id: str) -> tuple[int, str]:
    """What is answered, with the user id itself taken out of it."""
    method, path, body = request
    content = None if body is None else msgspec.json.encode(body).replace(b"*", user_id.encode())
    answer = await home.client.request(
        method, path.replace("*", user_id), content=content, headers=home.headers()
    )
    return answer.status_code, answer.text.replace(user_id, "*")


async def keyed(home: Family, path: str, body: dict[str, Any], key: str) -> Answer:
    return await home.post(path, body, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("request_", READS, ids=lambda request: f"{request[0]} {request[1]}")
async def test_reads_stop_within_the_lifetime(
    home: Family, time: Time, request_: tuple[str, str, Any]
) -> None:
    await erase(home)
    nobody = await ask(home, request_, "nobody")
    time.seconds += 59
    assert await ask(home, request_, "leo") != nobody, "what is remembered is not asked for again"
    time.seconds += 2
    assert await ask(home, request_, "leo") == nobody


@pytest.mark.parametrize(("path", "body"), POSTINGS)
async def test_a_posting_that_never_reaches_the_ledger_says_nothing_of_an_erased_member(
    home: Family, time: Time, path: str, body: dict[str, Any]
) -> None:
    await erase(home)
    time.seconds += 61
    answer = (await home.post(path, body, headers=TOO_LONG)).json()
    assert answer.keys() <= {"error", "field"}


@pytest.mark.parametrize(("path", "body"), POSTINGS)
async def test_a_posting_needs_no_lookup_however_old_the_answer_is(
    home: Family, time: Time, path: str, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(*_: Any) -> dict[str, UUID]:
        raise DatabaseUnavailable("no look-up is needed")

    monkeypatch.setattr(store, "select_ids_by_handle", unreachable)
    time.seconds += AGES
    assert (await home.post(path, body)).json()["ok"] is True


@pytest.mark.parametrize(("path", "body"), POSTINGS)
async def test_a_posting_to_an_erased_member_is_refused(
    home: Family, time: Time, path: str, body: dict[str, Any]
) -> None:
    await erase(home)
    time.seconds += AGES
    assert refused(await home.post(path, body), 400, "INVALID_USER") == {"error": "INVALID_USER"}
    assert await home.balance() == 45


@pytest.mark.parametrize(("path", "body"), POSTINGS)
async def test_a_posting_reaches_whoever_has_the_handle_by_now(
    home: Family, time: Time, path: str, body: dict[str, Any]
) -> None:
    erased_id = home.member_ids["leo"]
    await erase(home)
    new_id = await enrol_another_leo(home)
    time.seconds += AGES
    answer = (await home.post(path, body)).json()
    # The new one has no points yet, which only those who are asked for points notice.
    spends = path in ("/ck/redeem", "/api/holds")
    assert answer.get("ok", False) is not spends
    assert answer["balance"] == (0 if spends else await home.balance())
    assert home.services.handles.cached(home.program_id, "leo") == new_id
    home.member_ids["leo"] = erased_id
    assert await home.balance() == 45


@pytest.mark.parametrize("again", [2, 3], ids=["the same request", "another request"])
async def test_what_a_key_remembers_of_an_erased_member_is_not_told(
    home: Family, time: Time, again: int
) -> None:
    """A claim is looked at before the account is, so that it is answered although the account is closed."""
    ok(await keyed(home, "/ck/redeem", {"user_id": "leo", "amount": 2}, "k"))
    await erase(home)
    time.seconds += AGES
    answer = refused(
        await keyed(home, "/ck/redeem", {"user_id": "leo", "amount": again}, "k"), 400, "INVALID_USER"
    )
    assert answer == {"error": "INVALID_USER"}


async def test_a_device_whose_owner_has_the_handle_of_an_erased_member_is_served(
    home: Family, time: Time
) -> None:
    await erase(home)
    new_id = await enrol_another_leo(home)
    async with home.database.transaction() as connection:
        issued = await issue_credential(
            connection,
            SECRET_KEY,
            home.program_id,
            name="the new leo's key",
            scopes={CHILD_SCOPE},
            member_id=new_id,
            now=home.clock(),
        )
    home.keys["leo"] = issued.key
    time.seconds += 61
    wish = {"userId": "leo", "itemId": home.reward_id}
    # Known, though without points.
    refused(await home.post("/api/holds", wish, key="leo", role=None), 409, "hold_failed")
    await home.earn(10)
    ok(await home.post("/api/holds", wish, key="leo", role=None), 201)


async def test_somebody_elses_device_learns_nothing_of_who_was_erased(home: Family, time: Time) -> None:
    await erase(home)
    time.seconds += AGES
    wish = {"userId": "leo", "itemId": home.reward_id}
    answer = await home.post("/api/holds", wish, key="maya", role=None)
    assert refused(answer, 400, "INVALID_USER") == {"error": "INVALID_USER"}
