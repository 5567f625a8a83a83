"""What can be done with passes: the one door to this feature for everything above it.

`issue` and `find` make and find them; `send_update` goes out with whatever changes what they show, and
`deliver_due`
and `deliver_all` tell the phones. The web service that Apple's phones call is in `apple_service`.
"""

from regulars.db.database import Database
from regulars.features.passes import store
from regulars.features.passes.apple_service import (
    APPLE_MEDIA_TYPE,
    Answer,
    fetch,
    list_changed,
    log,
    pass_answer,
    register,
    unregister,
)
from regulars.features.passes.carriers import Carriers
from regulars.features.passes.delivery import deliver_all, deliver_due
from regulars.features.passes.issuing import find, find_public, issue, send_update, send_updates
from regulars.features.passes.model import CardFace, Pass

__all__ = [
    "APPLE_MEDIA_TYPE",
    "Answer",
    "Carriers",
    "apple_bundle",
    "deliver_all",
    "deliver_due",
    "fetch",
    "find",
    "find_public",
    "google_save_link",
    "issue",
    "list_changed",
    "log",
    "pass_answer",
    "register",
    "send_update",
    "send_updates",
    "unregister",
]


def apple_bundle(carriers: Carriers, card: Pass, face: CardFace) -> bytes:
    """The signed .pkpass file. Raises Refused: apple_wallet_not_configured."""
    return carriers.apple.bundle(card, face)


async def google_save_link(database: Database, carriers: Carriers, card: Pass, face: CardFace) -> str:
    """The address that saves the pass to Google Wallet, which is told of its changes from now on.

    No connection is kept while Google is asked, which may take its time. Raises Refused:
    google_wallet_not_configured, google_wallet_unavailable.
    """
    google = carriers.google
    # First, so that a change meanwhile is told to Google after the link was made with the state before it.
    async with database.connection() as connection:
        await store.set_google_saved(connection, card)
    return await google.save_link(card, face)
