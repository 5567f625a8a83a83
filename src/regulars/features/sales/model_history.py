"""What is told of sales that were made before."""

from datetime import datetime

from msgspec import Struct

from regulars.features.access.model import Location
from regulars.features.sales.model import NewSale


class PastSale(Struct, frozen=True):
    """A sale, the hotel that made it, and when."""

    hotel: Location
    new: NewSale
    sold_at: datetime
