"""The receiver of the demo: what it takes for a webhook, and what its page shows of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
import pytest

from regulars.features.webhooks.signing import body_of, headers_of, new_secret
from regulars.stand_ins.webhooks.receiver import SHOWN_MAX, WebhookReceiver, webhook_receiver

HOSTILE = '"><script>alert(1)</script>'
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as opened:
        opened.secret = new_secret()
        yield opened


def told(
    receiver: WebhookReceiver,
    *,
    secret: str | None = None,
    sent_ago: timedelta = timedelta(0),
    number: int = 1,
) -> int:
    """The status that answers a webhook."""
    body = body_of("loan.returned", NOW, '{"loan_id":"' + HOSTILE.replace('"', "'") + '"}')
    sent_at = datetime.now(UTC) - sent_ago
    headers = headers_of(UUID(int=number), sent_at, body, [new_secret(), secret or receiver.secret])
    return httpx2.post(receiver.hook_url, content=body, headers=headers).status_code


def page(receiver: WebhookReceiver) -> str:
    answer = httpx2.get(receiver.url)
    assert answer.status_code == 200
    assert "script" not in answer.headers["content-security-policy"]
    return answer.text


def test_what_verifies_is_taken_in_and_shown(receiver: WebhookReceiver) -> None:
    assert "Nothing has arrived yet" in page(receiver)
    assert told(receiver) == 200
    shown = page(receiver)
    assert "<h2>loan.returned</h2>" in shown and ">Verified<" in shown
    assert str(UUID(int=1)) in shown and "came before" not in shown
    assert "<script" not in shown and "&lt;script" in shown
    assert told(receiver) == 200
    assert "came before" in page(receiver)


@pytest.mark.parametrize("sent_ago", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_what_is_old_or_early_does_not_verify(receiver: WebhookReceiver, sent_ago: timedelta) -> None:
    assert told(receiver, sent_ago=sent_ago) == 401
    assert ">Not verified<" in page(receiver)


def test_what_others_have_signed_does_not_verify(receiver: WebhookReceiver) -> None:
    assert told(receiver, secret=new_secret()) == 401
    for headers in ({}, {"webhook-id": "x", "webhook-timestamp": "²", "webhook-signature": "v1,é"}):
        sent = {name.encode(): value.encode() for name, value in headers.items()}
        assert httpx2.post(receiver.hook_url, content=b"\xff{", headers=sent).status_code == 401
    assert page(receiver).count(">Not verified<") == 3


def test_buttons_choose_the_answer_and_other_sites_press_none(receiver: WebhookReceiver) -> None:
    for status in ("500", "410", "200"):
        pressed = httpx2.post(f"{receiver.url}answer", data={"status": status})
        assert pressed.status_code == 303 and told(receiver) == int(status)
    httpx2.post(f"{receiver.url}answer", data={"status": "204"})
    elsewhere = {"origin": "https://elsewhere.example"}
    assert httpx2.post(f"{receiver.url}answer", data={"status": "500"}, headers=elsewhere).status_code == 404
    assert told(receiver) == 200


def test_what_is_too_long_or_nowhere_is_refused(receiver: WebhookReceiver) -> None:
    assert httpx2.post(receiver.hook_url, content=b"x" * 100_001).status_code == 413
    assert httpx2.post(f"{receiver.url}other", content=b"").status_code == 404
    assert httpx2.get(receiver.hook_url).status_code == 404


def test_only_the_newest_are_shown(receiver: WebhookReceiver) -> None:
    for number in range(1, SHOWN_MAX + 3):
        told(receiver, number=number)
    shown = page(receiver)
    assert shown.count("<h2>loan.returned</h2>") == SHOWN_MAX
    assert str(UUID(int=1)) not in shown and str(UUID(int=SHOWN_MAX + 2)) in shown
