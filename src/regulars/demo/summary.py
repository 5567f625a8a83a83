"""What the demo says about itself when it is ready."""

import shlex
from pathlib import Path

from regulars.demo.hotels.guests import JOHN, JOHN_RFID
from regulars.demo.hotels.places import HOTELS
from regulars.demo.kiosks.venues import VENUES, Venue
from regulars.demo.referrals import PRODUCTS
from regulars.demo.stores.places import STORES
from regulars.demo.stores.subscribers import FIRST as SUBSCRIBERS


def _named(venue: Venue) -> str:
    return f"{venue.branding.brand_name} ({venue.slug})"


def _card(kind: str) -> str:
    return next(who.card_token for who in SUBSCRIBERS if kind in who.card_token)


CONTENTS = {
    "CryptoKids users": "leo, maya and their street",
    "Loyalty Hub hotels": f"{' and '.join(hotel.name for hotel in HOTELS)}, with months of sales",
    "Loyalty Hub customer": f"{JOHN.name}, who carries the fob {JOHN_RFID}",
    "Sessions Rewards venues": f"{' and '.join(_named(venue) for venue in VENUES)}, with months of orders",
    "Rejoes stores": f"{' and '.join(store.name for store in STORES)}, with a year of loans",
    "Rejoes cards": f"{_card('PREMIUM')}, {_card('PLUS')}, {_card('BASIC')}, {_card('PAUSED')} and others",
    "FitTwin shop": f"{len(PRODUCTS)} products, with months of links, orders and rewards, and some flags",
    "not served yet": "native: no keys for it",
}
"""Who and what is in it, by what a table calls it."""


def first_request(variables_path: Path) -> str:
    """What can be typed in another shell: the High Street Hotel's till identifies its best known customer."""
    body = f'{{"identifier": "{JOHN_RFID}"}}'
    return (
        f". {shlex.quote(str(variables_path.resolve()))}\n"
        '  curl -s "$REGULARS_URL/wp-json/loyalty/v1/identify" -H "X-API-Key: $HOTEL_API_KEY" \\\n'
        f"    -d '{body}'"
    )
