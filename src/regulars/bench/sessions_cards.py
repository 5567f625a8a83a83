"""Cards that have changed are told to phones over one connection, and fetched, beside signing alone."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from regulars.base.clock import utc_now
from regulars.bench.measure import Measured, percentile
from regulars.bench.report import Row
from regulars.bench.server import running_server
from regulars.bench.sessions_apple import TOPIC, RunningApple, running_apple
from regulars.bench.sessions_ground import KioskGround
from regulars.bench.sweep import Request, Sweep
from regulars.db.database import Connection, Database
from regulars.db.pipeline import Pipeline
from regulars.features.access.caches import LocationCache, ProgramCache
from regulars.features.kiosk import actions as kiosk
from regulars.features.ledger.actions import transact
from regulars.features.passes import actions as passes
from regulars.features.passes.model import FaceOf, Pass

PUBLIC_URL = "https://loyalty.example"
SIGNED_MIN = 20
PUSHING_MAX = timedelta(hours=1)

SELECT_CARDS = """
select p.program_id, p.pass_id, p.member_id, p.location_id, i.value, p.created_at, p.sequence, p.modified_at
from passes p
join identifiers i on i.program_id = p.program_id and i.identifier_id = p.identifier_id
where p.program_id = %(program_id)s
"""

FETCH_LOAD = """
local phones = {{{phones}}}
function request()
    local phone = phones[math.random(1, #phones)]
    return wrk.format("GET", "{path}" .. phone[1], {{Authorization = "ApplePass " .. phone[2]}})
end
"""


class Cards(msgspec.Struct, frozen=True):
    """All cards of a ground, each on a phone, and what tells the phones."""

    database: Database
    carriers: passes.Carriers
    cards: Sequence[Pass]


async def measure_cards(ground: KioskGround, sweep: Sweep) -> tuple[list[Row], list[str]]:
    """The rows in cards a second, and a note of the connections that it took.

    Raises RuntimeError when a phone was not told.
    """
    with running_apple() as apple:
        database = await Database.open(ground.conninfo)
        carriers = passes.Carriers(apple.settings(ground.secret_key))
        with sweep.console.status(f"{ground.customers:,} phones register"):
            cards = await _registered(ground, database, carriers)
        with sweep.console.status("signing"):
            signed = await _measure_signing(cards, sweep.seconds)
        with sweep.console.status(f"pushing to {len(cards.cards):,} phones"):
            pushed = await _measure_pushing(cards)
        arrived = apple.arrived()
        if arrived.pushes != len(cards.cards):
            raise RuntimeError(f"{len(cards.cards):,} phones were to be told: {arrived}")
        await carriers.close()
        await database.close()
        fetched = await _measure_fetching(ground, cards, apple, sweep, signed.rate)
    rows = [
        Row("signing a card, 1 core", 1, signed),
        Row("pushing to a phone", 1, pushed, signed.rate),
        *fetched,
    ]
    return rows, [f"{arrived.pushes:,} pushes arrived over {arrived.connections} connection"]


async def _registered(ground: KioskGround, database: Database, carriers: passes.Carriers) -> Cards:
    """Each card on a phone of its own, with something new to show."""
    now = utc_now()
    async with database.transaction() as connection:
        cursor = await connection.execute(SELECT_CARDS, {"program_id": ground.program_id})
        cards = [Pass(*row) for row in await cursor.fetchall()]
        for number, card in enumerate(cards):
            await _register(connection, carriers, card, number, now)
    async with database.connection() as connection:
        changed = [(card.member_id, card.location_id) for card in cards]

        async def change(pipeline: Pipeline) -> None:
            passes.send_updates(pipeline, ground.program_id, changed, "bench", now)

        await transact(connection, change)
    return Cards(database, carriers, cards)


async def _register(
    connection: Connection, carriers: passes.Carriers, card: Pass, number: int, now: datetime
) -> None:
    token = carriers.apple.keys.authentication_token(card.pass_id)
    answer = await passes.register(
        connection,
        carriers.apple,
        device=f"phone-{number}",
        pass_type=TOPIC,
        serial=str(card.pass_id),
        authorization=f"ApplePass {token}",
        push_token=f"{number:064x}",
        now=now,
    )
    assert answer.status == 201, answer


async def _measure_signing(cards: Cards, seconds: int) -> Measured:
    """Bundles per second of one core that does nothing else."""
    face_of = _face_reader(cards.database)
    faces = [(card, await face_of(card)) for card in cards.cards[:SIGNED_MIN]]
    milliseconds: list[float] = []
    began = time.perf_counter()
    while (started := time.perf_counter()) < began + seconds:
        card, face = faces[len(milliseconds) % len(faces)]
        assert face is not None, "every card of the ground shows something"
        passes.apple_bundle(cards.carriers, card, face)
        milliseconds.append(1000 * (time.perf_counter() - started))
    rate = len(milliseconds) / (time.perf_counter() - began)
    milliseconds.sort()
    return Measured(rate, percentile(milliseconds, 0.5), percentile(milliseconds, 0.99))


async def _measure_pushing(cards: Cards) -> Measured:
    """Cards per second until no phone is left to tell, as the server's own job does it, in one run."""
    began = time.perf_counter()
    delivery = await passes.deliver_all(
        cards.database, cards.carriers, _face_reader(cards.database), utc_now, PUSHING_MAX
    )
    seconds = time.perf_counter() - began
    return Measured(delivery.sent / seconds, 1000 * seconds, 1000 * seconds, delivery.failed)


async def _measure_fetching(
    ground: KioskGround, cards: Cards, apple: RunningApple, sweep: Sweep, rate: float
) -> list[Row]:
    """Phones that were told ask the server for their cards, which signs each for itself."""
    keys = cards.carriers.apple.keys
    phones = (f'{{"{card.pass_id}","{keys.authentication_token(card.pass_id)}"}}' for card in cards.cards)
    path = f"/wallet/apple/v1/passes/{TOPIC}/"
    request = Request("fetching a card", "", FETCH_LOAD.format(phones=",".join(phones), path=path), "")
    async with running_server(ground.environment | apple.environment()) as server:
        await sweep.warm_up(request, server.url)
        return [
            Row(f"{request.what}, 1 worker", clients, await sweep.load(request, server.url, clients), rate)
            for clients in sweep.clients
        ]


def _face_reader(database: Database) -> FaceOf:
    return kiosk.face_reader(database, ProgramCache(database), LocationCache(database), PUBLIC_URL, utc_now)
