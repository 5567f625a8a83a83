"""What a program may set for this contract; what its features read is declared with them."""

from regulars.base.setting_kinds import Flag, SecretText, Whole
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.http.token_issuers import issuer_settings

ISSUER_PREFIX = "sessions"
ISSUER = issuer_settings(ISSUER_PREFIX)

PUBLIC_BRANDING = StoredSetting(
    name="sessions.public_branding",
    holder=Holder.PROGRAM,
    kind=Flag(),
    default=False,
    meaning="Whether pages may ask without a key, in production too, how a venue's cards look.",
)
ENROLMENTS_PER_MINUTE = StoredSetting(
    name="sessions.enrolments_per_minute",
    holder=Holder.PROGRAM,
    kind=Whole(0, 900),
    default=300,
    meaning="How many new customers one key may enrol in a minute; 0 is no limit.",
)
UNKNOWN_CARDS_PER_MINUTE = StoredSetting(
    name="sessions.unknown_cards_per_minute",
    holder=Holder.PROGRAM,
    kind=Whole(0, 900),
    default=60,
    meaning="How many cards that are none one key may ask for in a minute; 0 is no limit.",
)
LINK_SIGNING_SECRET = StoredSetting(
    name="sessions.membership_link_signing_secret",
    holder=Holder.PROGRAM,
    kind=SecretText(16),
    default=None,
    meaning="What links to buy a membership are signed with.",
    default_from="MEMBERSHIP_LINK_SIGNING_SECRET",
)
