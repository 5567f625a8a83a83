"""What the requests of one process share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from regulars.base.clock import Clock
from regulars.db.database import Database
from regulars.db.gathered_reads import GatheredReads
from regulars.features.access.caches import CredentialCache, LocationCache, ProgramCache
from regulars.features.access.limits import AttemptLimits
from regulars.features.access.sealing import SettingSeal
from regulars.features.telemetry.actions import Telemetry
from regulars.http.sealed_keys import SealedKeys
from regulars.http.token_issuers import TokenIssuers

if TYPE_CHECKING:
    # This layer hands these on to the contracts without using them, so it knows their types only.
    from regulars.features.ledger.actions import Ledger
    from regulars.features.members.caches import HandleCache, OriginCache
    from regulars.features.passes.actions import Carriers
    from regulars.features.payments.model import StripeSettings
    from regulars.features.photos.actions import PhotoLibrary
    from regulars.features.promos.caches import PromoCache
    from regulars.features.tiers.caches import TierBookCache
    from regulars.settings import Settings


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Opened when the application starts, closed when it stops; a handler gets it by `services(request)`."""

    settings: Settings
    clock: Clock
    database: Database
    reads: GatheredReads
    credentials: CredentialCache
    sealed_keys: SealedKeys
    setting_seal: SettingSeal
    token_issuers: TokenIssuers
    programs: ProgramCache
    locations: LocationCache
    attempts: AttemptLimits
    telemetry: Telemetry
    ledger: Ledger
    handles: HandleCache
    origins: OriginCache
    photos: PhotoLibrary
    tier_books: TierBookCache
    promo_books: PromoCache
    stripe: StripeSettings
    carriers: Carriers
