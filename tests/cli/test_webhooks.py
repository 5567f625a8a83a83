"""`regulars webhooks`: endpoints in the operator's hand, what became of deliveries, and telling again."""

import asyncio
import re
from datetime import UTC, datetime
from ipaddress import ip_address

import psycopg
import pytest
from standardwebhooks import Webhook

from regulars.db.database import Database
from tests.cli.commands import Desk, Outcome
from tests.rules.test_webhooks_addresses import NOWHERE, PRIVATE, REFUSED
from tests.support.hotels import SECRET_KEY
from tests.support.webhook_endpoints import EVENT, Receiver, Telling, receiving

SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=\n")
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def lenient(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose webhooks may go to this machine."""
    monkeypatch.setenv("REGULARS_WEBHOOKS_TO_PRIVATE_ADDRESSES", "true")
    return desk


def added(desk: Desk, *arguments: str) -> str:
    """The secret of a new endpoint."""
    outcome: Outcome = desk.run("webhooks", "add", *arguments)
    assert outcome.exit_code == 0 and SECRET.fullmatch(outcome.output), outcome
    assert "not shown again" in outcome.errors and outcome.output.strip() not in outcome.errors
    return outcome.output.strip()


def with_database(desk: Desk, work: object) -> None:
    """Does something in the desk's database, as a server beside it would."""

    async def run() -> None:
        database = await Database.open(desk.database_url)
        try:
            await work(Telling(database, 1))  # type: ignore[operator]
        finally:
            await database.close()

    asyncio.run(run())


def test_a_program_without_endpoints_says_how_to_add_one(desk: Desk) -> None:
    assert "regulars webhooks add" in desk.works("webhooks", "list")


def test_an_endpoint_lives(desk: Desk) -> None:
    secret = added(desk, "https://shop.example/hook", "--type", "loan.*", "--type", "tier.changed")
    desk.works("webhooks", "change", "1", "--description", "the shop", "--url", "https://shop.example/2")
    listed = desk.works("webhooks", "list")
    for cell in ("https://shop.example/2", "loan.*, tier.changed", "enabled", "the shop"):
        assert cell in listed
    assert "is disabled" in desk.works("webhooks", "disable", "1")
    assert "was already disabled" in desk.works("webhooks", "disable", "1")
    assert "switched off by the operator" in desk.works("webhooks", "show", "1")
    assert "regulars webhooks replay 1" in desk.works("webhooks", "enable", "1")
    rotated = desk.works("webhooks", "rotate", "1", "--overlap", "7d")
    assert SECRET.fullmatch(rotated) and rotated.strip() != secret
    shown = desk.works("webhooks", "show", "1")
    assert "without end, until " in shown and "whsec" not in shown
    assert "is removed" in desk.works("webhooks", "remove", "1")
    assert "no endpoint yet" in desk.works("webhooks", "list")
    assert "regulars webhooks list" in desk.refuses("webhooks", "show", "1")
    with psycopg.connect(desk.database_url) as connection:
        assert connection.execute("select 1 from webhook_secrets").fetchall() == []
    added(desk, "https://shop.example/hook")
    assert "│ 2 " in desk.works("webhooks", "list")


def test_no_address_within_can_be_added_or_changed_to(desk: Desk) -> None:
    added(desk, "https://shop.example/")
    literals = [f"https://{_as_host(address)}/" for address in REFUSED if _is_address(address)]
    assert len(literals) > 50
    for url in (*literals, *PRIVATE, *NOWHERE):
        if "\0" not in url:
            assert "https://" in desk.refuses("webhooks", "add", url), url
    for url in ("https://[::ffff:127.0.0.1]/", "https://user:password@shop.example/"):
        assert "https://" in desk.refuses("webhooks", "change", "1", "--url", url)
    assert "https://shop.example/" in desk.works("webhooks", "list") and "│ 2 " not in desk.works(
        "webhooks", "list"
    )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _as_host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def test_secrets_are_sealed(desk: Desk) -> None:
    secret = added(desk, "https://shop.example/hook")
    with psycopg.connect(desk.database_url) as connection:
        row = connection.execute("select sealed from webhook_secrets").fetchone()
    assert row is not None and secret.encode() not in row[0] and SECRET_KEY.encode() not in row[0]


def test_only_a_few_secrets_are_valid_at_once(desk: Desk) -> None:
    added(desk, "https://shop.example/hook")
    for _ in range(8):
        desk.works("webhooks", "rotate", "1", "--overlap", "7d")
    assert desk.works("webhooks", "show", "1").count("until") == 4
    desk.works("webhooks", "rotate", "1", "--overlap", "0")
    assert "without end" in desk.works("webhooks", "show", "1")
    assert "until" not in desk.works("webhooks", "show", "1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "http://shop.example/"], "https://"),
        (["add", "https://127.0.0.1/"], "REGULARS_WEBHOOKS_TO_PRIVATE_ADDRESSES"),
        (["add", "https://shop.example/", "--type", "loan.lost"], "regulars webhooks types"),
        (["add", "https://shop.example/", "--description", "x" * 201], "200 characters"),
        (["change", "1"], "--url"),
        (["change", "1", "--url", "https://u@shop.example/"], "without a user"),
        (["change", "1", "--type", "*", "--type", "x"], "loan.*"),
        (["change", "9", "--description", "x"], "webhooks list"),
        (["show", "9"], "webhooks list"),
        (["show", "one"], "--help"),
        (["rotate", "9"], "webhooks list"),
        (["rotate", "1", "--overlap", "soon"], "24h"),
        (["enable", "9"], "webhooks list"),
        (["disable", "9"], "webhooks list"),
        (["remove", "9"], "webhooks list"),
        (["test", "9"], "webhooks list"),
        (["test", "1"], "cannot be looked up"),
        (["deliveries", "9"], "webhooks list"),
        (["deliveries", "1", "--limit", "0"], "1 to"),
        (["deliveries", "1", "--state", "lost"], "--help"),
        (["deliveries", "1", "--event", "x"], "webhooks events"),
        (["deliveries", "1", "--event", NOBODY], "webhooks deliveries"),
        (["replay", "1"], "--since"),
        (["replay", "1", NOBODY, "--since", "1d"], "--since"),
        (["replay", "1", "x"], "webhooks events"),
        (["replay", "1", NOBODY], "webhooks events"),
        (["replay", "9", "--since", "1d"], "webhooks list"),
        (["replay", "1", "--since", "yesterday"], "24h"),
        (["events", "--type", "loan.lost"], "webhooks types"),
        (["events", "--limit", "10001"], "1 to"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(desk: Desk, arguments: list[str], says: str) -> None:
    added(desk, "https://no-such-name.invalid/")
    assert says in desk.refuses("webhooks", *arguments)


async def test_an_endpoint_is_tried_out(lenient: Desk) -> None:
    async with receiving() as receiver:
        secret = await asyncio.to_thread(added, lenient, receiver.url("/ok"))
        await asyncio.to_thread(added, lenient, receiver.url("/500"))
        assert "answered 200 after" in await lenient.works_beside("webhooks", "test", "1")
        [webhook] = receiver.received
        said = Webhook(secret).verify(webhook.body, webhook.headers)
        assert said["type"] == "webhook.test" and said["data"] == {"endpoint_id": 1}
        refused = await lenient.refuses_beside("webhooks", "test", "2")
        assert "answered 500" in refused and refused.endswith("no success: no\n")


async def test_deliveries_are_shown_and_told_again(lenient: Desk) -> None:
    async with receiving() as receiver:
        await asyncio.to_thread(added, lenient, receiver.url("/410"), "--type", "loan.*")
        await asyncio.to_thread(with_database, lenient, _happen)
        listed = await lenient.works_beside("webhooks", "deliveries", "1", "--state", "pending")
        event_id = re.findall(r"[0-9a-f-]{36}", listed)[0]
        await asyncio.to_thread(with_database, lenient, _deliver)
        assert "disabled: it answered 410" in await lenient.works_beside("webhooks", "show", "1")
        await asyncio.to_thread(with_database, lenient, _happen)
        failed = await lenient.works_beside("webhooks", "deliveries", "1", "--state", "failed")
        assert event_id in failed and "answered 410" in failed
        shown = await lenient.works_beside("webhooks", "deliveries", "1", "--event", event_id)
        assert "failed attempts" in shown and "no" in shown
        await _is_told_again(lenient, receiver, event_id)


async def _is_told_again(lenient: Desk, receiver: Receiver, event_id: str) -> None:
    """What failed and what was missed while the endpoint was disabled."""
    said = "endpoint 1: 1 failed and 1 missed events are told"
    for _ in range(2):
        dry = await lenient.works_beside("webhooks", "replay", "1", "--since", "1h", "--dry-run")
        assert said in dry and "nothing was changed" in dry and "is disabled" in dry
    await lenient.works_beside("webhooks", "change", "1", "--url", receiver.url("/ok"))
    await lenient.works_beside("webhooks", "enable", "1")
    assert said in await lenient.works_beside("webhooks", "replay", "1", "--since", "1h")
    await asyncio.to_thread(with_database, lenient, _deliver)
    assert len(receiver.at("/ok")) == 2
    again = await lenient.works_beside("webhooks", "replay", "1", event_id)
    assert f"event {event_id} is told to endpoint 1 again" in again
    await asyncio.to_thread(with_database, lenient, _deliver)
    assert str(receiver.received[-1].event_id) == event_id and len(receiver.at("/ok")) == 3
    events = await lenient.works_beside("webhooks", "events", "--type", EVENT, "--limit", "2")
    assert event_id in events and "these are 2;" in events


async def _happen(telling: Telling) -> None:
    telling.now = datetime.now(UTC)
    await telling.emit(EVENT)


async def _deliver(telling: Telling) -> None:
    from regulars.features.webhooks.delivery import Deliveries
    from regulars.features.webhooks.sealing import SecretSeal

    telling.now = datetime.now(UTC)
    await Deliveries(
        telling.database, telling.clock, SecretSeal(SECRET_KEY), telling.network
    ).run_until_nothing_is_due()


def test_types_are_listed(desk: Desk) -> None:
    assert EVENT in desk.works("webhooks", "types")
