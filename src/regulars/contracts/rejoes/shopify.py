"""What the shop tells: subscriptions, and customers who are to be forgotten. Its signature is the credential.

The header `x-shopify-hmac-sha256` is the HMAC-SHA-256 of the body's bytes, in Base64. Each program may have a
secret of its own, and the server's holds for those that have not set one; the secret that fits says which
program is meant, the first of several. Without any, webhooks are open in development and refused in
production.
"""

import hmac
from base64 import b64encode
from typing import TypeVar

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler

from regulars.base.refusals import Refused
from regulars.contracts.rejoes.descriptions import CUSTOMER_DELETION, SUBSCRIPTION
from regulars.contracts.rejoes.fields import filled, parse_fields
from regulars.contracts.rejoes.paths import both
from regulars.contracts.rejoes.settings import SHOPIFY_SECRET
from regulars.contracts.rejoes.wire_events import (
    DeletionBody,
    OkAnswer,
    SubscriptionBody,
    SubscriptionData,
)
from regulars.features.access.actions import list_programs
from regulars.features.access.model import Program
from regulars.features.lending import actions as lending
from regulars.features.lending.model import BorrowerStatus, Subscription
from regulars.features.photos import actions as photos
from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, json_answer
from regulars.http.bodies import read_body
from regulars.http.requests import HttpRequest, header, services
from regulars.http.services import Services

T = TypeVar("T", bound=msgspec.Struct)

SIGNATURE_HEADER = "x-shopify-hmac-sha256"
_STATUSES = {
    "active": BorrowerStatus.ACTIVE,
    "paused": BorrowerStatus.PAUSED,
    "cancelled": BorrowerStatus.CANCELLED,
    "canceled": BorrowerStatus.CANCELLED,
    "expired": BorrowerStatus.CANCELLED,
}


@post(both("/webhooks/subscription"), status_code=200, opt={"access": PUBLIC, "operation": SUBSCRIPTION})
async def subscription(request: HttpRequest) -> Answer:
    """The subscription stands as it was told, or something newer is known already."""
    shared = services(request)
    program, body = await _signed(request, shared, SubscriptionBody)
    told = _told(program, body.data)
    try:
        await shared.database.run(
            lambda connection: lending.take_news(
                connection, program, told, _customer_key(shared), shared.clock()
            )
        )
    except Refused as refusal:
        raise Refused("card_of_another") if refusal.code == "identifier_taken" else refusal from None
    return json_answer(OkAnswer())


@post(
    both("/webhooks/customers/delete"),
    status_code=200,
    opt={"access": PUBLIC, "operation": CUSTOMER_DELETION},
)
async def delete_customer(request: HttpRequest) -> Answer:
    """Nothing is left that says who the customer was, or nothing was there."""
    shared = services(request)
    program, body = await _signed(request, shared, DeletionBody)
    forgotten = await shared.database.run(
        lambda connection: lending.erase_customer(
            connection,
            program.program_id,
            str(body.shopify_customer_id),
            _customer_key(shared),
            shared.clock(),
        )
    )
    await photos.delete_files(shared.photos, forgotten)
    return json_answer(OkAnswer())


def _customer_key(shared: Services) -> lending.CustomerKey:
    """What customers who were forgotten are recognised by."""
    assert shared.settings.secret_key is not None, "see with_secret_key"
    return lending.CustomerKey(shared.settings.secret_key)


async def _signed(request: HttpRequest, shared: Services, kind: type[T]) -> tuple[Program, T]:
    """The program that the shop belongs to, and what it tells.

    Raises Refused: shopify_not_configured, missing_signature, invalid_signature, fields_missing.
    """
    raw = await read_body(request)
    async with shared.database.connection() as connection:
        programs = await list_programs(connection)
    program = _program_of(shared, programs, raw, header(request, SIGNATURE_HEADER))
    return program, parse_fields(raw, kind)


def _program_of(shared: Services, programs: list[Program], raw: bytes, signature: str | None) -> Program:
    secrets = [(program, _secret_of(shared, program)) for program in programs]
    in_use = [(program, secret) for program, secret in secrets if secret]
    if not in_use:
        if shared.settings.mode == "development" and programs and not any(s is not None for _, s in secrets):
            return programs[0]
        raise Refused("shopify_not_configured")
    if signature is None:
        raise Refused("missing_signature")
    sent = signature.encode("utf-8", "replace")
    # All are tried, so that the time tells nothing of which program it is.
    fitting = [program for program, secret in in_use if hmac.compare_digest(signature_of(raw, secret), sent)]
    if not fitting:
        raise Refused("invalid_signature")
    return fitting[0]


def _secret_of(shared: Services, program: Program) -> str | None:
    """What the program's shop signs with: None without a secret, empty where the setting cannot be used."""
    stored = shared.setting_seal.opened(program)
    return SHOPIFY_SECRET.read_from(stored, shared.settings.shopify_webhook_secret)


def signature_of(raw: bytes, secret: str) -> bytes:
    """What the header holds for a body that was signed with this secret."""
    return b64encode(hmac.digest(secret.encode(), raw, "sha256"))


def _told(program: Program, data: SubscriptionData) -> Subscription:
    """What is said of the subscription. Raises Refused: unknown_plan, unknown_status, fields_missing."""
    handle, status = filled(data.plan_handle), filled(data.status)
    plan = None if handle is None else lending.plan_meant(lending.plans_of(program), handle)
    if handle is not None and plan is None:
        raise Refused("unknown_plan")
    if status is not None and status.lower() not in _STATUSES:
        raise Refused("unknown_status")
    customer_id = filled(str(data.shopify_customer_id))
    if customer_id is None:
        raise Refused("fields_missing")
    return Subscription(
        shopify_customer_id=customer_id,
        card_token=filled(data.card_token),
        plan=None if plan is None else plan.name,
        status=None if status is None else _STATUSES[status.lower()],
        cycle_starts_at=data.cycle_start,
        cycle_ends_at=data.cycle_end,
    )


HANDLERS: list[HTTPRouteHandler] = [subscription, delete_customer]
