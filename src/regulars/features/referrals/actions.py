"""What can be done with referrals: the one door to this feature for everything above it."""

from regulars.features.referrals.checking_out import validate
from regulars.features.referrals.clicking import click
from regulars.features.referrals.creating import create
from regulars.features.referrals.deciding import block, claw_back, clear, list_flags, pay
from regulars.features.referrals.erasing import erase
from regulars.features.referrals.flagging import flag_flood
from regulars.features.referrals.flooding import is_flood
from regulars.features.referrals.maturing import mature_due
from regulars.features.referrals.products import (
    LISTED_MAX,
    add_product,
    change_product,
    find_product,
    list_products,
)
from regulars.features.referrals.purchasing import attribute
from regulars.features.referrals.reading import counts_clicks, events_of, find, find_link, stats_of
from regulars.features.referrals.returning import credit_asset, return_order
from regulars.features.referrals.rules import status_at
from regulars.features.referrals.rules_sources import SourceHashes, plain_id
from regulars.features.referrals.spending import note_spent
from regulars.features.referrals.upkeep import forget_clicks, forget_sightings

__all__ = [
    "LISTED_MAX",
    "SourceHashes",
    "add_product",
    "attribute",
    "block",
    "change_product",
    "claw_back",
    "clear",
    "click",
    "counts_clicks",
    "create",
    "credit_asset",
    "erase",
    "events_of",
    "find",
    "find_link",
    "find_product",
    "flag_flood",
    "forget_clicks",
    "forget_sightings",
    "is_flood",
    "list_flags",
    "list_products",
    "mature_due",
    "note_spent",
    "pay",
    "plain_id",
    "return_order",
    "stats_of",
    "status_at",
    "validate",
]
