"""What cron may ask for. The server does all of it by itself too; both at once do nothing twice."""

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler

from regulars.contracts.sessions.addresses import base_url
from regulars.contracts.sessions.context import INTERNAL
from regulars.contracts.sessions.descriptions_events import DELIVERY_JOB, GRANT_JOB
from regulars.contracts.sessions.faces import face_reader
from regulars.contracts.sessions.wire_events import DeliveryAnswer, GrantAnswer
from regulars.features.kiosk import actions as kiosk
from regulars.features.memberships import actions as memberships
from regulars.features.passes import actions as passes
from regulars.http.answers import Answer, json_answer
from regulars.http.requests import HttpRequest, services


@post("/loyalty/monthly-reward-grant-job", opt={"access": INTERNAL, "operation": GRANT_JOB})
async def grant(request: HttpRequest) -> Answer:
    """Lapsed holds are taken off the books, and paid periods get their rewards."""
    shared = services(request)
    released = await kiosk.release_expired(shared.database, shared.clock)
    run = await memberships.grant_due(shared.database, shared.clock)
    answer = GrantAnswer(
        expired_holds_released=released,
        memberships_checked=run.memberships_checked,
        rewards_granted=run.rewards_granted,
    )
    return json_answer(answer)


@post("/loyalty/process-pass-update-jobs", opt={"access": INTERNAL, "operation": DELIVERY_JOB})
async def deliver(request: HttpRequest) -> Answer:
    """Cards that have changed are told to the phones they are on."""
    shared = services(request)
    delivery = await passes.deliver_due(
        shared.database, shared.carriers, face_reader(shared, base_url(request)), shared.clock
    )
    return json_answer(DeliveryAnswer(**msgspec.structs.asdict(delivery)))


HANDLERS: list[HTTPRouteHandler] = [grant, deliver]
