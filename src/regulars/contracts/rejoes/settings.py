"""What a program may set for this contract; what its features read is declared with them."""

from regulars.base.setting_kinds import Flag, SecretText, Whole
from regulars.base.stored_settings import Holder, StoredSetting

KEYLESS = StoredSetting(
    name="rejoes.keyless",
    holder=Holder.PROGRAM,
    kind=Flag(),
    default=False,
    meaning="Whether stores need no key, in production too: whoever reaches the server may lend.",
)
SHOPIFY_SECRET = StoredSetting(
    name="rejoes.shopify_secret",
    holder=Holder.PROGRAM,
    kind=SecretText(16),
    default=None,
    meaning="What the shop signs its webhooks with.",
    default_from="REGULARS_SHOPIFY_WEBHOOK_SECRET",
)
UNKNOWN_CARDS_PER_MINUTE = StoredSetting(
    name="rejoes.unknown_cards_per_minute",
    holder=Holder.PROGRAM,
    kind=Whole(0, 900),
    default=60,
    meaning="How many cards that are none one key may ask for in a minute; 0 is no limit.",
)
