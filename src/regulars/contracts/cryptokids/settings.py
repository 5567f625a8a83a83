"""What a program may set for CryptoKids, and what it has set; the rest comes from the server's settings."""

from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from regulars.base.setting_kinds import Flag, Kind, Whole, WholeOrNone
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.features.access.model import Program
from regulars.settings import Settings

T = TypeVar("T")

_SECONDS_MAX = 366 * 24 * 3600


class CryptoKidsSettings(msgspec.Struct, frozen=True):
    """The program settings whose names begin with `cryptokids.`."""

    keyless: bool
    """Whether the child's routes answer without a device token, in production too."""
    enrol_on_earn: bool
    """Whether an unknown user id becomes a member with its first earn."""
    refunds: bool
    refund_window: timedelta | None
    """How long after a redeem it may be refunded; None is for ever."""
    refunds_per_hour: int
    """How many refunds one credential may try in an hour; 0 is no limit."""
    token_lifetime_seconds: int
    hold_lifetime: timedelta | None
    """How long a hold stays pending; None is until somebody decides."""


def _setting(
    name: str, kind: Kind[T], default: Any, meaning: str, default_from: str | None = None
) -> StoredSetting[T]:
    return StoredSetting(
        name=f"cryptokids.{name}",
        holder=Holder.PROGRAM,
        kind=kind,
        default=default,
        meaning=meaning,
        default_from=default_from,
    )


KEYLESS = _setting(
    "keyless", Flag(), False, "Whether the child's routes answer without a device token, in production too."
)
ENROL_ON_EARN = _setting("enrol_on_earn", Flag(), True, "Whether an earn makes a member of an unknown id.")
REFUNDS = _setting("refunds", Flag(), True, "Whether refunds are possible.", "FEATURE_REFUNDS")
REFUND_WINDOW_DAYS = _setting(
    "refund_window_days",
    WholeOrNone(0, 36_500, "for ever"),
    None,
    "For how many days a redeem may be refunded.",
    "CK_REFUND_WINDOW_DAYS",
)
REFUNDS_PER_HOUR = _setting(
    "refunds_per_hour", Whole(0, 1000), 20, "How many refunds one key may try in an hour; 0 is no limit."
)
TOKEN_LIFETIME_SECONDS = _setting(
    "token_lifetime_seconds", Whole(10, _SECONDS_MAX), 120, "How long QR tokens live, in seconds."
)
HOLD_LIFETIME_SECONDS = _setting(
    "hold_lifetime_seconds",
    WholeOrNone(1, _SECONDS_MAX, "until somebody decides"),
    None,
    "How long a hold stays pending, in seconds.",
)


def program_settings(program: Program, server: Settings) -> CryptoKidsSettings:
    """The settings of a program. A stored value of the wrong type or size counts as not set."""
    stored = program.settings
    window_days = REFUND_WINDOW_DAYS.read_from(stored, server.ck_refund_window_days)
    hold_seconds = HOLD_LIFETIME_SECONDS.read_from(stored)
    return CryptoKidsSettings(
        keyless=KEYLESS.read_from(stored),
        enrol_on_earn=ENROL_ON_EARN.read_from(stored),
        refunds=REFUNDS.read_from(stored, server.feature_refunds),
        refund_window=None if window_days is None else timedelta(days=window_days),
        refunds_per_hour=REFUNDS_PER_HOUR.read_from(stored),
        token_lifetime_seconds=TOKEN_LIFETIME_SECONDS.read_from(stored),
        hold_lifetime=None if hold_seconds is None else timedelta(seconds=hold_seconds),
    )


_known: dict[int, tuple[Program, Settings, CryptoKidsSettings]] = {}


def settings_of(program: Program, server: Settings) -> CryptoKidsSettings:
    """The same, remembered for as long as the program cache hands out this very value of the program."""
    known = _known.get(program.program_id)
    if known is not None and known[0] is program and known[1] is server:
        return known[2]
    settings = program_settings(program, server)
    _known[program.program_id] = (program, server, settings)
    return settings
