"""What cards show, read for those who sign and send them."""

from regulars.features.kiosk import actions as kiosk
from regulars.features.passes.model import CardFace, FaceOf, Pass
from regulars.http.services import Services


def face_reader(shared: Services, base_url: str) -> FaceOf:
    """Reads what a card shows at this moment, on a connection of its own."""

    async def face_of(card: Pass) -> CardFace | None:
        async with shared.database.connection() as connection:
            return await kiosk.face_of(connection, card, base_url, shared.clock())

    return face_of
