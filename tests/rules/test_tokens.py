"""Signed tokens: only what this server signed for this program is read, and only in time."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.base.refusals import Refused
from regulars.features.rewards.model import Token, TokenType
from regulars.features.rewards.signing import (
    TOKEN_LENGTH_MAX,
    is_signed,
    issue,
    sign,
    token_key,
    unverified_data,
    verify,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = b"a secret of the tests, long enough"
KEY = token_key(SECRET, 1)
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
TEXT, TOKEN = issue(
    KEY, TokenType.EARN, {"userId": "leo", "templates": [[1, 2]]}, jti="j-1", now=NOW, lifetime_seconds=120
)


def refusal(text: str, *, key: bytes = KEY, now: datetime = NOW) -> str:
    with pytest.raises(Refused) as refused:
        verify(key, text, now)
    return refused.value.code


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(payload: str) -> str:
    """A payload of any kind with a signature that is right."""
    return f"{payload}.{encoded(hmac.digest(KEY, payload.encode(), sha256))}"


def test_the_published_form() -> None:
    payload, signature = TEXT.split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert said == {
        "typ": "earn",
        "jti": "j-1",
        "iat": 1772366400,
        "exp": 1772366520,
        "data": {"userId": "leo", "templates": [[1, 2]]},
    }
    assert signature == encoded(hmac.digest(KEY, payload.encode(), sha256))
    assert "=" not in TEXT


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    typ=st.sampled_from(TokenType),
    data=st.dictionaries(st.text(max_size=8), json_values, max_size=4),
    jti=st.text(min_size=1, max_size=40),
    lifetime_seconds=st.integers(1, 10**6),
)
def test_what_was_signed_is_read_back(
    typ: TokenType, data: dict[str, Any], jti: str, lifetime_seconds: int
) -> None:
    text, token = issue(KEY, typ, data, jti=jti, now=NOW, lifetime_seconds=lifetime_seconds)
    assert verify(KEY, text, NOW) == token
    assert token.exp - token.iat == lifetime_seconds


@pytest.mark.parametrize("position", range(len(TEXT)))
def test_every_changed_character_is_refused(position: int) -> None:
    for replacement in BASE64URL + ".=+/ \n\0é":
        changed = TEXT[:position] + replacement + TEXT[position + 1 :]
        if changed != TEXT:
            assert refusal(changed) in {"BAD_TOKEN", "BAD_SIGNATURE"}


@given(st.data())
def test_every_changed_length_is_refused(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(TEXT)))
    inserted = data.draw(st.text(alphabet=BASE64URL + ".=", min_size=1, max_size=3))
    removed = data.draw(st.integers(0, 3))
    changed = TEXT[:position] + inserted + TEXT[position + removed :]
    if changed != TEXT:
        assert refusal(changed) in {"BAD_TOKEN", "BAD_SIGNATURE"}


def test_every_beginning_of_a_token_is_refused() -> None:
    for length in range(len(TEXT)):
        assert refusal(TEXT[:length]) in {"BAD_TOKEN", "BAD_SIGNATURE"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a",
        "a.",
        ".a",
        TEXT.replace(".", ""),
        TEXT + "é",
        "٠" + TEXT,
        TEXT + "\udc00",
        "a." * TOKEN_LENGTH_MAX,
        "A" * 10_000_000 + ".A",
    ],
    ids=range(11),
)
def test_what_is_no_token(text: str) -> None:
    assert refusal(text) == "BAD_TOKEN"


@pytest.mark.parametrize(
    "text",
    [
        TEXT + "=",
        TEXT + ".",
        TEXT + "." + TEXT,
        TEXT + "\n",
        " " + TEXT,
        TEXT.replace(".", "=."),
        TEXT.split(".")[0] + ".AAAA",
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    assert refusal(text) == "BAD_SIGNATURE"


def test_a_signature_has_one_spelling() -> None:
    """The last of 43 characters has two bits to spare, which a lenient decoder passes over."""
    last = BASE64URL.index(TEXT[-1])
    for spare in range(1, 4):
        twin = TEXT[:-1] + BASE64URL[last ^ spare]
        assert base64.urlsafe_b64decode(twin.split(".")[1] + "=") == base64.urlsafe_b64decode(
            TEXT.split(".")[1] + "="
        )
        assert refusal(twin) == "BAD_SIGNATURE"


GOOD: dict[str, Any] = {"typ": "earn", "jti": "j", "iat": 1772366400, "exp": 1772366520, "data": {}}


@pytest.mark.parametrize(
    "payload",
    [
        encoded(b"not json"),
        encoded(b"\xff\xfe"),
        encoded(b"[]"),
        encoded(json.dumps({**GOOD, "typ": "pay"}).encode()),
        encoded(json.dumps({**GOOD, "jti": 1}).encode()),
        encoded(json.dumps({**GOOD, "exp": "1772366520"}).encode()),
        encoded(json.dumps({**GOOD, "exp": 1772366520.5}).encode()),
        encoded(json.dumps({**GOOD, "exp": True}).encode()),
        encoded(json.dumps({**GOOD, "exp": GOOD["iat"]}).encode()),
        encoded(json.dumps({**GOOD, "data": []}).encode()),
        encoded(json.dumps({key: value for key, value in GOOD.items() if key != "jti"}).encode()),
        encoded(json.dumps(GOOD).encode()) + "=",
        encoded(json.dumps(GOOD).encode()) + "A",
        "*" + encoded(json.dumps(GOOD).encode()),
        "A",
    ],
)
def test_a_right_signature_does_not_make_a_token(payload: str) -> None:
    assert refusal(signed(payload)) == "BAD_TOKEN"


def test_a_token_by_another_json_writer_is_read() -> None:
    assert verify(KEY, signed(encoded(json.dumps(GOOD).encode())), NOW).jti == "j"


@pytest.mark.parametrize(
    ("after", "expired"),
    [
        (timedelta(0), False),
        (timedelta(seconds=119, milliseconds=999), False),
        (timedelta(seconds=120), True),
        (timedelta(days=1000), True),
    ],
)
def test_a_token_lives_until_the_second_of_its_expiry(after: timedelta, expired: bool) -> None:
    if expired:
        assert refusal(TEXT, now=NOW + after) == "EXPIRED"
    else:
        assert verify(KEY, TEXT, NOW + after) == TOKEN


def test_a_forged_token_is_not_told_whether_it_expired() -> None:
    assert refusal(TEXT[:-4] + "AAAA", now=NOW + timedelta(days=1)) == "BAD_SIGNATURE"


def test_keys_belong_to_one_program_and_one_secret() -> None:
    keys = {token_key(secret, program_id) for secret in (SECRET, SECRET + b"2") for program_id in (1, 2, 11)}
    assert len(keys) == 6
    assert refusal(TEXT, key=token_key(SECRET, 2)) == "BAD_SIGNATURE"
    assert refusal(TEXT, key=token_key(SECRET + b"2", 1)) == "BAD_SIGNATURE"


def test_whose_key_signed_a_token_is_known_without_its_expiry() -> None:
    assert is_signed(KEY, TEXT)
    assert not is_signed(token_key(SECRET, 2), TEXT)
    for text in ("", ".", TEXT[:-1], TEXT + "=", f"x{TEXT}", TEXT.partition(".")[0], "é.é", "\ud800.x"):
        assert not is_signed(KEY, text), text


def test_what_a_token_says_may_be_read_before_it_is_verified() -> None:
    assert unverified_data(TEXT) == TOKEN.data
    assert unverified_data(TEXT.partition(".")[0] + ".forged") == TOKEN.data


@pytest.mark.parametrize(
    "text",
    ["", ".", "x.y", "é.é", "a" * 5000, encoded(b"[]"), encoded(b'{"data": {"programId": 1}}'), TEXT[1:]],
)
def test_what_is_no_token_says_nothing(text: str) -> None:
    assert unverified_data(text) == {}


@pytest.mark.parametrize("secret", [b"", b"short"])
def test_a_weak_secret_signs_nothing(secret: bytes) -> None:
    with pytest.raises(AssertionError):
        token_key(secret, 1)


def test_what_a_qr_code_could_not_carry_is_not_signed() -> None:
    with pytest.raises(Refused) as refused:
        sign(KEY, Token(TokenType.GIVE, "j", 0, 1, {"note": "x" * 2000}))
    assert refused.value.code == "token_too_large"
