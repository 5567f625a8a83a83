"""Every setting that a program or a location may have, in one table, and the page about them.

Each is declared by whoever reads it; see `regulars.base.stored_settings`. The command line sets nothing that
is not here.
"""

from difflib import get_close_matches
from typing import Any

from regulars.base.stored_settings import Holder, StoredSetting
from regulars.contracts.cryptokids import settings as cryptokids
from regulars.contracts.fittwin import settings as fittwin
from regulars.contracts.loyaltyhub import context as loyaltyhub
from regulars.contracts.rejoes import settings as rejoes
from regulars.contracts.sessions import settings as sessions
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk import model_settings as kiosk_settings
from regulars.features.lending import model_settings as lending_settings
from regulars.features.memberships import model_settings as membership_settings
from regulars.features.photos import model_settings as photo_settings
from regulars.features.referrals import model_settings as referral_settings
from regulars.http.cross_origin import ORIGINS

SETTINGS: tuple[StoredSetting[Any], ...] = (
    ORIGINS,
    cryptokids.KEYLESS,
    cryptokids.ENROL_ON_EARN,
    cryptokids.REFUNDS,
    cryptokids.REFUND_WINDOW_DAYS,
    cryptokids.REFUNDS_PER_HOUR,
    cryptokids.TOKEN_LIFETIME_SECONDS,
    cryptokids.HOLD_LIFETIME_SECONDS,
    photo_settings.UNUSED_PER_MEMBER,
    photo_settings.UNUSED_PER_PROGRAM,
    *kiosk_settings.TERMS.values(),
    membership_settings.SCOPE,
    membership_settings.REWARDS_PER_PERIOD,
    sessions.PUBLIC_BRANDING,
    sessions.ENROLMENTS_PER_MINUTE,
    sessions.UNKNOWN_CARDS_PER_MINUTE,
    sessions.LINK_SIGNING_SECRET,
    *sessions.ISSUER,
    lending_settings.PLANS,
    lending_settings.DUE_DAYS,
    lending_settings.DUE_SOON_DAYS,
    rejoes.KEYLESS,
    rejoes.SHOPIFY_SECRET,
    rejoes.UNKNOWN_CARDS_PER_MINUTE,
    *fittwin.ISSUER,
    fittwin.UNKNOWN_RIDS_PER_MINUTE,
    *referral_settings.SETTINGS,
    loyaltyhub.PHONE_REGION,
    kiosk_settings.PHONE_REGION,
    kiosk.BRANDING,
)

_NEAR_MAX = 3


def settings_held_by(holder: Holder) -> list[StoredSetting[Any]]:
    """The settings of a program, or of a location."""
    return [setting for setting in SETTINGS if setting.holder is holder]


def find_setting(name: str) -> StoredSetting[Any] | None:
    """The setting with this name, whatever it is stored with."""
    return next((setting for setting in SETTINGS if setting.name == name), None)


def nearest_names(name: str, holder: Holder) -> list[str]:
    """The names that may have been meant, nearest first: those with a part that is written like this one."""
    names = [setting.name for setting in settings_held_by(holder)]
    spellings = {spelling: full for full in names for spelling in (full, full.partition(".")[2])}
    found = get_close_matches(name.lower(), spellings, n=2 * _NEAR_MAX, cutoff=0.5)
    return list(dict.fromkeys(spellings[spelling] for spelling in found))[:_NEAR_MAX]


def written(setting: StoredSetting[Any], value: Any) -> str:
    """A value as it is typed on the command line."""
    return setting.kind.written(value)


def default_text(setting: StoredSetting[Any]) -> str:
    """What is in force where nothing is set, and where that comes from."""
    if setting.default_from is not None:
        return f"{setting.default_from}, else {written(setting, setting.default)}"
    return written(setting, setting.default)


def program_settings_page() -> str:
    """The page docs/program-settings.md, made from the declarations."""
    return _PAGE.format(
        program=_table_of(settings_held_by(Holder.PROGRAM)),
        location=_table_of(settings_held_by(Holder.LOCATION)),
    )


def _table_of(settings: list[StoredSetting[Any]]) -> str:
    rows = ["| setting | allowed | default | meaning |", "| --- | --- | --- | --- |"]
    for setting in settings:
        default = f"`{written(setting, setting.default)}`"
        if setting.default_from is not None:
            default = f"`{setting.default_from}`, else {default}"
        rows.append(f"| `{setting.name}` | {setting.kind.allowed} | {default} | {setting.meaning} |")
    return "\n".join(rows)


_PAGE = """\
# Settings of programs and locations

<!-- Made by `make docs` from what src/regulars/program_settings.py lists; changes belong there. -->

What the server needs is in [settings](settings.md). What is here is stored with a program or with one of its
locations, so that each can decide for itself. Servers follow within five seconds of a change.

    regulars programs show
    regulars programs set sessions.points_per_unit 2
    regulars programs unset sessions.points_per_unit
    regulars locations set venue_001 sessions.phone_region IE

A secret is read from standard input, and so is any value where `-` stands for it, because what stands on a
command line is seen by every user of the machine:

    regulars programs set sessions.membership_link_signing_secret - < secret.txt

Secrets are encrypted in the database with a key made from the server's secret key, and never shown. With
another secret key they open nothing, which the log says once and `show` says too: set them anew. Secrets that
earlier versions stored readable are encrypted when a server starts.

`--dry-run` checks a value and changes nothing. What is not set has its default, and so has a value of the
wrong kind that was stored in another way. A program gets its first settings from the table `[settings]` of
the file that [`regulars init`](running.md#settings) reads.

## Of a program

{program}

## Of a location

{location}
"""


if __name__ == "__main__":
    print(program_settings_page(), end="")
