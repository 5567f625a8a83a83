"""Signed links: everything about one that may be changed, and what it is refused with."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from regulars.contracts.sessions.links import (
    LinkRefused,
    milliseconds,
    read_link,
    require_signature,
    signature_of,
)

NOW = datetime(2026, 2, 17, 10, tzinfo=UTC)
TS = str(milliseconds(NOW))
CUSTOMER = "0197c1a2-5b7e-7c11-9d5a-3f1b2c4d5e6f"
VENUE = "venue_001"
SECRET = "a secret that only the shop knows"
SIG = signature_of(CUSTOMER, VENUE, TS, SECRET)


def query(customer_id: str = CUSTOMER, venue_id: str = VENUE, ts: str = TS, sig: str = SIG) -> bytes:
    values = {"customer_id": customer_id, "venue_id": venue_id, "ts": ts, "sig": sig}
    return "&".join(f"{name}={quote(value)}" for name, value in values.items()).encode()


def status_of(query_string: bytes, *secrets: str, now: datetime = NOW) -> int:
    """302 for a link that is followed, else the status it is refused with."""
    try:
        require_signature(read_link(query_string), secrets or (SECRET,), now)
    except LinkRefused as refused:
        return refused.status
    return 302


def signed_at(moment: datetime) -> bytes:
    timestamp = str(milliseconds(moment))
    return query(ts=timestamp, sig=signature_of(CUSTOMER, VENUE, timestamp, SECRET))


def test_what_is_signed_is_what_the_contract_says() -> None:
    import hashlib
    import hmac

    text = f"{CUSTOMER}:{VENUE}:{TS}"
    assert hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest() == SIG
    assert TS == "1771322400000"
    assert status_of(query()) == 302


def test_every_changed_byte_of_every_parameter_is_refused() -> None:
    for name, value in {"customer_id": CUSTOMER, "venue_id": VENUE, "ts": TS, "sig": SIG}.items():
        for place, character in enumerate(value):
            for other in "0aA-_:~ ":
                changed = value[:place] + other + value[place + 1 :]
                if other != character:
                    assert status_of(query(**{name: changed})) in (400, 401), (name, place, other)
        for changed in (value[:-1], value[1:], value + "0", value + " ", " " + value, value + "\0", ""):
            assert status_of(query(**{name: changed})) in (400, 401), (name, changed)


@pytest.mark.parametrize(
    ("customer_id", "venue_id", "signed"),
    [
        # The same text in between, divided otherwise.
        (f"{CUSTOMER}:venue", "001", f"{CUSTOMER}:venue:001"),
        (CUSTOMER[:-4], f"{CUSTOMER[-4:]}:{VENUE}", f"{CUSTOMER[:-4]}:{CUSTOMER[-4:]}:{VENUE}"),
        (f"urn:uuid:{CUSTOMER}", VENUE, f"urn:uuid:{CUSTOMER}:{VENUE}"),
        (CUSTOMER, f"{VENUE}:1", f"{CUSTOMER}:{VENUE}:1"),
        (CUSTOMER, "", f"{CUSTOMER}:"),
        ("{" + CUSTOMER + "}", VENUE, f"{{{CUSTOMER}}}:{VENUE}"),
        (CUSTOMER.replace("-", ""), VENUE, f"{CUSTOMER.replace('-', '')}:{VENUE}"),
    ],
)
def test_shifted_delimiters_are_refused_even_where_they_are_signed(
    customer_id: str, venue_id: str, signed: str
) -> None:
    left, _, right = signed.rpartition(":")
    sig = signature_of(left, right, TS, SECRET)
    assert status_of(query(customer_id=customer_id, venue_id=venue_id, sig=sig)) == 400
    # Nor may the time be taken from what is signed before it.
    assert status_of(query(venue_id=f"{VENUE}:{TS[:1]}", ts=TS[1:], sig=SIG)) == 400


@pytest.mark.parametrize(
    ("offset", "status"),
    [
        (timedelta(), 302),
        (timedelta(minutes=10), 302),
        (timedelta(minutes=-10), 302),
        (timedelta(minutes=10, milliseconds=1), 401),
        (timedelta(minutes=-10, milliseconds=-1), 401),
        (timedelta(days=365), 401),
        (timedelta(days=-365), 401),
    ],
)
def test_old_and_future_links_are_refused(offset: timedelta, status: int) -> None:
    assert status_of(signed_at(NOW + offset)) == status


@pytest.mark.parametrize(
    "timestamp",
    [
        "١٧٧١٣٢٢٤٠٠٠٠٠", "１７７１３２２４００００0", TS[:-3], TS + "0",
        f"+{TS[1:]}", f"-{TS[1:]}", f" {TS[1:]}", f"{TS[:-1]}.",
        "1_71322400000", "177132240000a", "0x19c6b7e2a00", "1e12", "",
    ],
)  # fmt: skip
def test_only_thirteen_ascii_digits_are_a_time(timestamp: str) -> None:
    assert status_of(query(ts=timestamp, sig=signature_of(CUSTOMER, VENUE, timestamp, SECRET))) == 400


@pytest.mark.parametrize(
    "sig", [SIG.upper(), SIG[:63], SIG + "0", f"{SIG[:-1]}g", f" {SIG}", "é" * 64, "0" * 63]
)
def test_only_small_hexadecimal_digits_are_a_signature(sig: str) -> None:
    assert status_of(query(sig=sig)) == 400


@pytest.mark.parametrize("name", ["customer_id", "venue_id", "ts", "sig", "return_url"])
def test_doubled_parameters_are_refused(name: str) -> None:
    values = {
        "customer_id": CUSTOMER,
        "venue_id": VENUE,
        "ts": TS,
        "sig": SIG,
        "return_url": "https://a.example",
    }
    whole = query() + b"&return_url=https://a.example"
    assert status_of(whole) == 302
    for other in (values[name], "", "x"):
        assert status_of(whole + f"&{name}={other}".encode()) == 400
        assert status_of(f"{name}={other}&".encode() + whole) == 400
        assert status_of(whole + f"&%{ord(name[0]):02x}{name[1:]}={other}".encode()) == 400


@pytest.mark.parametrize(
    ("query_string", "status"),
    [
        (b"", 400),
        (b"customer_id=" + CUSTOMER.encode(), 400),
        (b"venue_id=venue_001", 400),
        (f"customer_id={CUSTOMER}&venue_id={VENUE}".encode(), 400),
        (f"customer_id={CUSTOMER}&venue_id={VENUE}&ts={TS}".encode(), 400),
        (f"customer_id={CUSTOMER}&venue_id={VENUE}&sig={SIG}".encode(), 400),
        (query() + b"&%ff=1", 400),
        (query() + b"&x=\xff", 400),
        (query() + b"&x=1" * 200, 400),
        (query() + b"&utm_source=mail&utm_source=app", 302),
    ],
)
def test_incomplete_and_odd_queries(query_string: bytes, status: int) -> None:
    assert status_of(query_string) == status


def test_secrets() -> None:
    assert status_of(query(sig=signature_of(CUSTOMER, VENUE, TS, "another")), SECRET) == 401
    assert status_of(query(), "another", SECRET) == 302
    # An empty secret is one that everybody knows.
    assert status_of(query(sig=signature_of(CUSTOMER, VENUE, TS, "")), "") == 401
    assert status_of(query(sig=signature_of(CUSTOMER, VENUE, TS, "")), "", SECRET) == 401
    assert require_signature(read_link(query()), ["another", SECRET], NOW) == SECRET
