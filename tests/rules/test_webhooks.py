"""What an answer to a webhook means, when it is tried again, what is wanted, and how it is signed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from regulars.features.webhooks import rules
from regulars.features.webhooks.catalogue import CATALOGUE
from regulars.features.webhooks.model import DATA_BYTES_MAX
from regulars.features.webhooks.model_delivery import Answer, Verdict
from regulars.features.webhooks.sealing import SecretSeal
from regulars.features.webhooks.signing import body_of, headers_of, new_secret

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LAST = rules.ATTEMPTS_MAX - 1


def test_the_schedule_is_that_of_the_standard() -> None:
    assert [delay / timedelta(seconds=1) for delay in rules.DELAYS] == [
        5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600,
    ]  # fmt: skip


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_only_2xx_is_success(status: int) -> None:
    assert rules.judge(Answer(status, 1), 3, NOW, 0.5) == Verdict("delivered")


@pytest.mark.parametrize("status", [100, 199, 300, 301, 302, 307, 308, 400, 401, 404, 429, 500, 503, 999])
def test_everything_else_is_tried_again(status: int) -> None:
    verdict = rules.judge(Answer(status, 1), 1, NOW, 0)
    assert (verdict.state, verdict.due_at, verdict.disables) == ("pending", NOW + 5 * MINUTE, None)
    assert str(status) in (verdict.trouble or "")


@pytest.mark.parametrize(("chance", "seconds"), [(0, 5), (0.5, 5.25), (0.999999, 5.4999995)])
def test_chance_makes_delays_a_little_longer(chance: float, seconds: float) -> None:
    verdict = rules.judge(Answer(None, 1, trouble="hung"), 0, NOW, chance)
    assert verdict == Verdict("pending", "hung", NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("attempts", [0, LAST])
def test_410_is_final(attempts: int) -> None:
    verdict = rules.judge(Answer(410, 1), attempts, NOW, 0)
    assert verdict == Verdict("failed", "answered 410", None, rules.GONE, is_final=True)


def test_the_end_of_the_schedule_is_a_failure() -> None:
    verdict = rules.judge(Answer(500, 1), LAST, NOW, 0)
    assert verdict == Verdict("failed", "answered 500", None, rules.EXHAUSTED)


@pytest.mark.parametrize(
    ("header", "delay"),
    [
        (None, timedelta(0)),
        ("0", timedelta(0)),
        ("120", 2 * MINUTE),
        ("86401", timedelta(days=1)),
        ("999999999", timedelta(days=1)),
        ("9999999999999999999999", timedelta(0)),
        ("-5", timedelta(0)),
        ("1.5", timedelta(0)),
        ("١٢", timedelta(0)),
        ("Sun, 01 Mar 2026 12:10:00 GMT", 10 * MINUTE),
        ("Sun, 01 Mar 2026 12:10:00", 10 * MINUTE),
        ("Sun, 01 Mar 2026 11:10:00 GMT", timedelta(0)),
        ("Sun, 01 Mar 2027 11:10:00 GMT", timedelta(days=1)),
        ("Sun, 99 Mar 9999 11:10:00 GMT", timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 -2359", timedelta(days=1)),
        ("soon", timedelta(0)),
        ("", timedelta(0)),
    ],
)
def test_retry_after(header: str | None, delay: timedelta) -> None:
    assert rules.retry_after(header, NOW) == delay
    verdict = rules.judge(Answer(503, 1, retry_after=header), 0, NOW, 0)
    assert verdict.due_at == NOW + max(delay, timedelta(seconds=5))


@given(st.text(max_size=60))
def test_no_retry_after_does_harm(header: str) -> None:
    assert timedelta(0) <= rules.retry_after(header, NOW) <= rules.RETRY_AFTER_MAX


@pytest.mark.parametrize(
    ("event_type", "filters", "wanted"),
    [
        ("loan.returned", ["*"], True),
        ("loan.returned", ["loan.*"], True),
        ("loan.returned", ["membership.*", "loan.returned"], True),
        ("loan.returned", ["loan.swapped", "membership.*"], False),
        ("loan.returned", ["loan.return", "loan"], False),
        ("loan.returned", [], False),
    ],
)
def test_filters(event_type: str, filters: list[str], wanted: bool) -> None:
    assert rules.is_wanted(event_type, filters) is wanted


@pytest.mark.parametrize(
    ("filters", "fault"),
    [
        (["*"], None),
        (["loan.*", "membership.ended"], None),
        ([], ""),
        (["*"] * 51, ""),
        (["loan.*", "loan.lost"], "loan.lost"),
        (["loans.*"], "loans.*"),
        (["loan*"], "loan*"),
        (["*.returned"], "*.returned"),
        (["Loan.returned"], "Loan.returned"),
        ([""], ""),
        (["loan.returned\n"], "loan.returned\n"),
    ],
)
def test_filters_that_let_nothing_through_are_faults(filters: list[str], fault: str | None) -> None:
    assert rules.fault_of_filters(filters, CATALOGUE) == fault


def test_signatures_verify_with_the_published_library() -> None:
    old, new, other = new_secret(), new_secret(), new_secret()
    now = datetime.now(UTC)
    body = body_of("loan.returned", NOW, '{"loan_id":"ü"}')
    headers = headers_of(UUID(int=7), now, body, [new, old])
    for secret in (old, new):
        assert Webhook(secret).verify(body, headers) == msgspec.json.decode(body)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify(body + b" ", headers)
    assert headers["webhook-id"] == str(UUID(int=7))
    assert headers["webhook-timestamp"] == str(int(now.timestamp()))


def test_a_body_is_what_the_standard_says() -> None:
    offset = NOW.astimezone(tz=ZoneInfo("Asia/Tokyo"))
    body = body_of("loan.returned", offset, '{"n":1}')
    assert body == b'{"type":"loan.returned","timestamp":"2026-03-01T12:00:00Z","data":{"n":1}}'
    assert len(body_of("x" * 100, NOW, "x" * DATA_BYTES_MAX)) < 20_000


def test_secrets_are_unreadable_elsewhere() -> None:
    seal = SecretSeal("a secret key of one server")
    sealed = seal.seal("whsec_secret", 1, 2)
    assert b"secret" not in sealed and sealed != seal.seal("whsec_secret", 1, 2)
    assert seal.unseal(sealed, 1, 2) == "whsec_secret"
    assert seal.unseal(sealed, 1, 3) is None
    assert seal.unseal(sealed, 2, 2) is None
    assert SecretSeal("a secret key of another server").unseal(sealed, 1, 2) is None
