"""What a program has set for CryptoKids, typed; what it has not set comes from the server's settings."""

from datetime import timedelta
from typing import Any

import msgspec

from regulars.features.access.model import Program
from regulars.settings import Settings

TOKEN_LIFETIME_SECONDS = 120
TOKEN_LIFETIME_SECONDS_MIN = 10
REFUNDS_PER_HOUR = 20
REFUNDS_PER_HOUR_MAX = 1000
SECONDS_MAX = 366 * 24 * 3600
DAYS_MAX = 36_500


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


def program_settings(program: Program, server: Settings) -> CryptoKidsSettings:
    """The settings of a program. A stored value of the wrong type or size counts as not set."""
    stored = _Stored(program.settings)
    window_days = stored.optional_integer("refund_window_days", server.ck_refund_window_days, 0, DAYS_MAX)
    hold_seconds = stored.optional_integer("hold_lifetime_seconds", None, 1, SECONDS_MAX)
    return CryptoKidsSettings(
        keyless=stored.flag("keyless", False),
        enrol_on_earn=stored.flag("enrol_on_earn", True),
        refunds=stored.flag("refunds", server.feature_refunds),
        refund_window=None if window_days is None else timedelta(days=window_days),
        refunds_per_hour=stored.integer("refunds_per_hour", REFUNDS_PER_HOUR, 0, REFUNDS_PER_HOUR_MAX),
        token_lifetime_seconds=stored.integer(
            "token_lifetime_seconds", TOKEN_LIFETIME_SECONDS, TOKEN_LIFETIME_SECONDS_MIN, SECONDS_MAX
        ),
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


class _Stored:
    """The stored values, each read as what it should be."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings

    def flag(self, name: str, default: bool) -> bool:
        value = self._settings.get(f"cryptokids.{name}", default)
        return value if isinstance(value, bool) else default

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        value = self._settings.get(f"cryptokids.{name}", default)
        return min(max(value, least), most) if type(value) is int else default

    def optional_integer(self, name: str, default: int | None, least: int, most: int) -> int | None:
        value = self._settings.get(f"cryptokids.{name}", default)
        if value is None:
            return None
        return min(max(value, least), most) if type(value) is int else default
