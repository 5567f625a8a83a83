"""Values as the parameters of the kiosks' statements."""

from typing import Any

from regulars.db.parameters import fields_of, parameters
from regulars.features.access.model import Location

__all__ = ["at_venue", "fields_of", "parameters"]


def at_venue(venue: Location, **values: Any) -> dict[str, bytes | None]:
    """Each value under its name, and the venue with its program."""
    return parameters(program_id=venue.program_id, location_id=venue.location_id, **values)
