"""Reads the query of a history request into a filter of the ledger."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.moments import read_span
from regulars.features.ledger.model import Verb
from regulars.features.ledger.model_lists import HistoryFilter

LIMIT_DEFAULT = 50
LIMIT_MAX = 500
OFFSET_MAX = 2**53 - 1

VERBS: dict[str, Verb] = {
    "earn": Verb.EARN,
    "redeem": Verb.REDEEM,
    "adjust": Verb.ADJUST,
    "refund": Verb.REFUND,
    "hold.reserve": Verb.RESERVE,
    "hold.redeem": Verb.CAPTURE,
    "hold.release": Verb.RELEASE,
    "hold.expire": Verb.EXPIRE,
    "clawback": Verb.CLAWBACK,
}
"""The contract's names of verbs."""

TYPES: dict[str, tuple[Verb, ...]] = {
    "earn": (Verb.EARN,),
    "spend": (Verb.REDEEM, Verb.CAPTURE),
    "adjust": (Verb.ADJUST, Verb.CLAWBACK),
    "refund": (Verb.REFUND,),
    "hold": (Verb.RESERVE, Verb.RELEASE, Verb.EXPIRE),
}
"""What the `type` of a history request stands for."""

SOURCES: dict[str, tuple[str, ...]] = {
    "task": ("earn_qr",),
    "admin": ("earn_admin_give", "earn_admin_quick"),
}
"""What the parent's page calls a source: default actions. Any other `source` is the ledger's own word."""

_NOTHING_CHOSEN = ("", "all")
_INTEGER = re.compile(r"-?\d{1,30}", re.ASCII)


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A history request. `impossible`: no row can match it, so none need be looked for."""

    user_id: str | None
    filter: HistoryFilter
    csv: bool
    everything: bool
    impossible: bool


def read_history_query(query: Mapping[str, Any], zone: ZoneInfo) -> HistoryQuery:
    """What a history request asks for; days are those of `zone`.

    Limit and offset are moved into their range. A verb or type that nobody has matches nothing.
    `everything` says that a CSV was asked for without a limit. Raises Refused("invalid_from" or
    "invalid_to") for a date that cannot be read, because leaving the filter out would show too much.
    """
    verbs, verb_exists = _verbs(_text(query, "verb"), _text(query, "type"))
    source = _text(query, "source")
    actor = _text(query, "actor")
    csv = _text(query, "format").lower() == "csv"
    return HistoryQuery(
        user_id=_text(query, "userId") or _text(query, "user_id") or None,
        filter=HistoryFilter(
            verbs=verbs,
            actions=SOURCES.get(source, ()),
            actor=actor or None,
            source=None if source in SOURCES or source in _NOTHING_CHOSEN else source,
            since=_bound(query, "from", zone),
            until=_bound(query, "to", zone),
            limit=read_limit(query, LIMIT_DEFAULT, LIMIT_MAX),
            offset=read_integer(query, "offset", 0, 0, OFFSET_MAX),
        ),
        csv=csv,
        everything=csv and not _text(query, "limit"),
        # PostgreSQL stores no NUL, so nothing that is stored can match one.
        impossible=not verb_exists or "\0" in actor + source,
    )


def read_limit(query: Mapping[str, Any], default: int, largest: int) -> int:
    """The `limit` of a request, moved into 1 to `largest`; `default` when it is missing or no integer."""
    return read_integer(query, "limit", default, 1, largest)


def read_integer(query: Mapping[str, Any], name: str, default: int, smallest: int, largest: int) -> int:
    """An integer of the query, moved into its range; `default` when it is missing or no integer."""
    text = _text(query, name)
    if not _INTEGER.fullmatch(text):
        return default
    return min(max(int(text), smallest), largest)


def _text(query: Mapping[str, Any], name: str) -> str:
    return str(query.get(name) or "").strip()


def _verbs(verb: str, kind: str) -> tuple[tuple[Verb, ...], bool]:
    chosen = set(Verb)
    if verb not in _NOTHING_CHOSEN:
        chosen &= {VERBS[verb]} if verb in VERBS else set()
    if kind not in _NOTHING_CHOSEN:
        chosen &= set(TYPES.get(kind, ()))
    if chosen == set(Verb):
        return (), True
    return tuple(sorted(chosen)), bool(chosen)


def _bound(query: Mapping[str, Any], name: str, zone: ZoneInfo) -> datetime | None:
    text = _text(query, name)
    if not text:
        return None
    span = read_span(text, zone)
    if span is None:
        raise Refused(f"invalid_{name}")
    return span.start if name == "from" else span.end
