"""What the handlers know about a request before they begin: the hotel whose till is calling."""

from msgspec import Struct

from regulars.base.refusals import Refused
from regulars.base.setting_kinds import Region
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.features.access.model import Caller, Location
from regulars.http.access import Access, needs
from regulars.http.failures import FailureKind, RequestRefused
from regulars.http.requests import HttpRequest, caller, services
from regulars.http.services import Services

TILL_SCOPE = "loyaltyhub:till"
TILL: Access = needs(TILL_SCOPE)
"""The key of a hotel."""

PHONE_REGION = StoredSetting(
    name="loyaltyhub.phone_region",
    holder=Holder.LOCATION,
    kind=Region(),
    default="GB",
    meaning="The country (ISO 3166-1) in which guests' numbers without a country code are dialled.",
)


class Context(Struct, frozen=True):
    """One request as the handlers see it.

    It has no time: handlers ask the clock right before their transaction, for /sync counts on changes that
    are not much older than the transaction they are written in.
    """

    services: Services
    caller: Caller
    hotel: Location

    @property
    def program_id(self) -> int:
        """The program that the request acts on."""
        return self.hotel.program_id

    @property
    def phone_region(self) -> str:
        """Where the hotel's guests dial from."""
        return PHONE_REGION.read_from(self.hotel.settings)


async def open_context(request: HttpRequest) -> Context:
    """The context of an authenticated request.

    Raises Refused("hotel_inactive"), RequestRefused for a key that is no hotel's, and DatabaseUnavailable.
    """
    shared = services(request)
    who = caller(request)
    if who.location_id is None:
        raise RequestRefused(FailureKind.CREDENTIAL_INVALID)
    hotel = shared.locations.cached(who.program_id, who.location_id)
    hotel = hotel or await shared.locations.get(who.program_id, who.location_id)
    assert hotel is not None, "locations are never deleted"
    if not hotel.active:
        raise Refused("hotel_inactive")
    return Context(shared, who, hotel)
