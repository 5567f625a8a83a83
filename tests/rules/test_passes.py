"""The rules of passes: tokens, tags, dates, delays, colours, and what keeps phones unreadable."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.features.passes import rules, rules_colors
from regulars.features.passes.sealing import PassKeys

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SERIAL = UUID("019caf3e-7c00-7abc-8def-0123456789ab")
KEYS = PassKeys("0123456789abcdefghijklmnopqrstuv")
OTHER_KEYS = PassKeys("another secret key of this length")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("0123456789abcdef" * 3, True),
        ("0123456789ABCDEF" * 3, False),
        ("0123456789abcdef" * 3 + "\n", False),
        ("0123456789abcdef" * 2, False),
        ("0123456789abcdef" * 4, False),
        ("٠" * 48, False),
        ("g" * 48, False),
        ("", False),
    ],
)
def test_tokens(text: str, is_one: bool) -> None:
    assert rules.is_token(text) is is_one


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("ab" * 32, True),
        ("AB" * 50, True),
        ("a" * 201, False),
        ("../../../admin", False),
        ("ab/cd", False),
        ("ab?x=1", False),
        ("ab#", False),
        ("ab cd", False),
        ("", False),
    ],
)
def test_push_tokens_mean_nothing_in_an_address(text: str, is_one: bool) -> None:
    assert rules.is_push_token(text) is is_one


@pytest.mark.parametrize(
    ("text", "serial"),
    [
        (str(SERIAL), SERIAL),
        (str(SERIAL).upper(), None),
        (SERIAL.hex, None),
        (f"{{{SERIAL}}}", None),
        (f"urn:uuid:{SERIAL}", None),
        ("42", None),
        ("", None),
    ],
)
def test_serials_have_one_spelling(text: str, serial: UUID | None) -> None:
    assert rules.to_serial(text) == serial


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("0", 0),
        ("42", 42),
        (str(2**63 - 1), 2**63 - 1),
        (str(2**63), None),
        ("9" * 20, None),
        ("-1", None),
        ("1.0", None),
        ("1e3", None),
        ("٤٢", None),
        ("", None),
        (None, None),
    ],
)
def test_tags(text: str | None, tag: int | None) -> None:
    assert rules.to_tag(text) == tag


@pytest.mark.parametrize(
    ("attempts", "retry_seconds", "delay"),
    [
        (1, 0, timedelta(seconds=30)),
        (2, 0, timedelta(minutes=2)),
        (3, 0, timedelta(minutes=10)),
        (4, 0, timedelta(minutes=30)),
        (5, 0, timedelta(hours=2)),
        (6, 0, timedelta(hours=6)),
        (7, 0, timedelta(hours=12)),
        (8, 0, timedelta(hours=24)),
        (19, 0, timedelta(hours=24)),
        (1, 90, timedelta(seconds=90)),
        (3, 90, timedelta(minutes=10)),
        (1, -5, timedelta(seconds=30)),
        (1, 10.0**9, timedelta(days=1)),
    ],
)
def test_what_failed_is_tried_again_later_and_later(
    attempts: int, retry_seconds: float, delay: timedelta
) -> None:
    assert rules.next_attempt(attempts, NOW, retry_seconds) == NOW + delay


def test_what_failed_too_often_is_not_tried_again_by_itself() -> None:
    assert rules.next_attempt(rules.ATTEMPTS_MAX - 1, NOW) is not None
    assert rules.next_attempt(rules.ATTEMPTS_MAX, NOW, 60) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), ("0", 0), (None, 0), ("Sun, 01 Mar 2026 12:00:00 GMT", 0), ("-1", 0), ("1234567", 0)],
)
def test_retry_after(header: str | None, seconds: float) -> None:
    assert rules.retry_after_seconds(header) == seconds


@pytest.mark.parametrize(
    ("since", "is_modified"),
    [
        (None, True),
        ("Sun, 01 Mar 2026 12:00:00 GMT", False),
        ("Sun, 01 Mar 2026 12:00:01 GMT", False),
        ("Sun, 01 Mar 2026 11:59:59 GMT", True),
        ("Sunday, 01-Mar-26 12:00:00 GMT", False),
        ("Sun Mar  1 12:00:00 2026", False),
        ("Sun, 01 Mar 2026 13:00:00 +0100", False),
        ("yesterday", True),
        ("", True),
    ],
)
def test_what_is_modified(since: str | None, is_modified: bool) -> None:
    assert rules.is_modified(NOW, since) is is_modified


def test_dates_come_back_as_they_went() -> None:
    assert rules.to_http_date(NOW) == "Sun, 01 Mar 2026 12:00:00 GMT"
    assert not rules.is_modified(NOW, rules.to_http_date(NOW))


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("ApplePass abc", "abc"),
        ("applepass abc", "abc"),
        ("ApplePass  abc ", "abc"),
        ("Bearer abc", None),
        ("ApplePass", None),
        ("ApplePass ", None),
        ("abc", None),
        (None, None),
    ],
)
def test_the_proof_of_a_pass(header: str | None, token: str | None) -> None:
    assert rules.presented_token(header) == token


def test_logged_lines_are_few_short_and_without_ids() -> None:
    line = f"Get pass task (serial {SERIAL}, token {'ab' * 24}) failed\nwith 500 \x1b[31m" + "x " * 400
    logged = rules.loggable([line] * 50)
    assert len(logged) == rules.LOG_LINES_MAX
    assert logged[0].startswith("Get pass task (serial …, token …) failed with 500  [31m")
    assert len(logged[0]) <= rules.LOG_LINE_LENGTH_MAX


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("#1b4332", (27, 67, 50)),
        ("#1B4332", (27, 67, 50)),
        ("#fff", (255, 255, 255)),
        ("#f80", (255, 136, 0)),
        ("1b4332", (27, 67, 50)),
        ("#1b433", (9, 9, 9)),
        ("red", (9, 9, 9)),
        ("", (9, 9, 9)),
    ],
)
def test_colours(text: str, color: rules_colors.Color) -> None:
    assert rules_colors.to_color(text, (9, 9, 9)) == color


def test_colours_are_written_as_each_side_wants() -> None:
    assert rules_colors.to_css((27, 67, 50)) == "rgb(27, 67, 50)"
    assert rules_colors.to_hex((27, 67, 0)) == "#1b4300"


color = st.tuples(*[st.integers(0, 255)] * 3)


@given(background=color, accent=color)
def test_whatever_the_colours_text_can_be_read(
    background: rules_colors.Color, accent: rules_colors.Color
) -> None:
    for text in (rules_colors.readable_on(background), rules_colors.accent_on(background, accent)):
        assert rules_colors.contrast(text, background) >= rules_colors.CONTRAST_MIN


def test_contrast_is_that_of_the_guidelines() -> None:
    assert rules_colors.contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert rules_colors.contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


def test_a_pass_is_proved_by_its_own_token_only() -> None:
    other = uuid4()
    token = KEYS.authentication_token(SERIAL)
    assert len(token) == 64
    assert KEYS.is_authentic(SERIAL, token)
    assert not KEYS.is_authentic(other, token)
    assert not OTHER_KEYS.is_authentic(SERIAL, token)
    for wrong in (None, "", token[:-1], token.upper(), token + "0", "é" * 64):
        assert not KEYS.is_authentic(SERIAL, wrong)


@given(push_token=st.text("0123456789abcdef", min_size=1, max_size=200))
def test_push_tokens_are_read_with_the_key_and_for_the_phone_only(push_token: str) -> None:
    device, other = KEYS.digest("phone-1"), KEYS.digest("phone-2")
    sealed = KEYS.seal(push_token, device)
    assert KEYS.unseal(sealed, device) == push_token
    assert KEYS.unseal(sealed, other) is None
    assert OTHER_KEYS.unseal(sealed, device) is None
    assert KEYS.unseal(sealed[:-1] + bytes([sealed[-1] ^ 1]), device) is None
    assert push_token.encode() not in sealed or len(push_token) < 4
    assert KEYS.seal(push_token, device) != sealed


def test_devices_are_digests() -> None:
    assert len(KEYS.digest("phone-1")) == 32
    assert KEYS.digest("phone-1") == KEYS.digest("phone-1")
    assert len({KEYS.digest("phone-1"), KEYS.digest("phone-2"), OTHER_KEYS.digest("phone-1")}) == 3
