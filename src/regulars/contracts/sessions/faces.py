"""What cards show, read for those who sign and send them."""

from regulars.features.kiosk import actions as kiosk
from regulars.features.passes.model import FaceOf
from regulars.http.services import Services


def face_reader(shared: Services, base_url: str) -> FaceOf:
    """Reads what a card shows at this moment; how the venue looks is at most two seconds old."""
    return kiosk.face_reader(shared.database, shared.programs, shared.locations, base_url, shared.clock)
