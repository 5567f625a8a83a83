"""How the query of a history request becomes a filter of the ledger."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.history_query import OFFSET_MAX, HistoryQuery, read_history_query
from regulars.features.ledger.model import Verb

UTC_ZONE = ZoneInfo("UTC")


def read(**query: str) -> HistoryQuery:
    return read_history_query(query, UTC_ZONE)


def test_without_a_query_it_is_the_newest_fifty_rows() -> None:
    query = read()
    assert (query.user_id, query.csv, query.impossible) == (None, False, False)
    assert (query.filter.limit, query.filter.offset) == (50, 0)
    assert (query.filter.verbs, query.filter.actions, query.filter.actor, query.filter.source) == (
        (),
        (),
        None,
        None,
    )
    assert (query.filter.since, query.filter.until) == (None, None)


@pytest.mark.parametrize(
    ("text", "limit"),
    [("1", 1), ("500", 500), ("501", 500), ("100000", 500), ("0", 1), ("-3", 1), ("", 50), ("ten", 50)]
    + [("1e3", 50), ("2.5", 50), ("9" * 30, 500), ("9" * 100_000, 50), ("٣", 50), (" 7 ", 7)],
)
def test_a_limit_is_moved_into_its_range(text: str, limit: int) -> None:
    assert read(limit=text).filter.limit == limit


@pytest.mark.parametrize(
    ("text", "offset"), [("0", 0), ("120", 120), ("-1", 0), ("9" * 30, OFFSET_MAX), ("x", 0), ("1.0", 0)]
)
def test_an_offset_is_moved_into_its_range(text: str, offset: int) -> None:
    assert read(offset=text).filter.offset == offset


@pytest.mark.parametrize(
    ("query", "verbs", "impossible"),
    [
        ({"verb": "earn"}, (Verb.EARN,), False),
        ({"verb": "hold.redeem"}, (Verb.CAPTURE,), False),
        ({"verb": "hold.reserve"}, (Verb.RESERVE,), False),
        ({"verb": "hold.release"}, (Verb.RELEASE,), False),
        ({"verb": "capture"}, (), True),
        ({"verb": "' or 1=1 --"}, (), True),
        ({"verb": "all", "type": "all"}, (), False),
        ({"type": "spend"}, (Verb.CAPTURE, Verb.REDEEM), False),
        ({"type": "earn"}, (Verb.EARN,), False),
        ({"type": "refund"}, (Verb.REFUND,), False),
        ({"type": "nonsense"}, (), True),
        ({"type": "spend", "verb": "redeem"}, (Verb.REDEEM,), False),
        ({"type": "spend", "verb": "earn"}, (), True),
    ],
)
def test_verb_and_type_narrow_together(
    query: dict[str, str], verbs: tuple[Verb, ...], impossible: bool
) -> None:
    asked = read(**query)
    assert (asked.filter.verbs, asked.impossible) == (verbs, impossible)


@pytest.mark.parametrize(
    ("source", "actions", "kept"),
    [
        ("task", ("earn_qr",), None),
        ("admin", ("earn_admin_give", "earn_admin_quick"), None),
        ("all", (), None),
        ("", (), None),
        ("qr", (), "qr"),
    ],
)
def test_a_source_is_the_pages_word_or_the_ledgers(
    source: str, actions: tuple[str, ...], kept: str | None
) -> None:
    asked = read(source=source)
    assert (asked.filter.actions, asked.filter.source) == (actions, kept)


@pytest.mark.parametrize("query", [{"actor": "mum\0"}, {"source": "\0"}])
def test_what_postgresql_cannot_hold_matches_nothing(query: dict[str, str]) -> None:
    assert read(**query).impossible


def test_from_begins_and_to_ends_with_the_whole_day() -> None:
    asked = read(**{"from": "2026-07-01", "to": "2026-07-31"})
    assert asked.filter.since == datetime(2026, 7, 1, tzinfo=UTC)
    assert asked.filter.until == datetime(2026, 8, 1, tzinfo=UTC)


def test_to_includes_the_millisecond_it_names() -> None:
    assert read(to="1785492930123").filter.until == datetime(2026, 7, 31, 10, 15, 30, 124000, tzinfo=UTC)


@pytest.mark.parametrize("name", ["from", "to"])
def test_a_date_that_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(Refused) as refused:
        read(**{name: "last week"})
    assert refused.value.code == f"invalid_{name}"


def test_a_csv_without_a_limit_is_everything() -> None:
    assert read(format="csv").everything
    assert not read(format="csv", limit="10").everything
    assert read(format="CSV").csv
    assert not read(format="json").csv


@pytest.mark.parametrize(
    "query", [{"userId": " leo "}, {"user_id": "leo"}, {"userId": "leo", "user_id": "maya"}]
)
def test_the_member_is_named_in_either_spelling(query: dict[str, str]) -> None:
    assert read(**query).user_id == "leo"
