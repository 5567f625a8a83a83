"""What a customer is told on arrival."""

from msgspec import Struct

from regulars.features.members.model_recognition import Recognised
from regulars.features.promos.model import Offer, Promo, Rates
from regulars.features.tiers.model import Standing


class Welcome(Struct, frozen=True):
    """What identifying alone gives: `rates` are those of the standing, raised by a bonus if there is one."""

    recognised: Recognised
    standing: Standing
    rates: Rates
    bonus: Promo | None
    offers: list[Offer]
