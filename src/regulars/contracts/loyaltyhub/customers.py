"""Registering customers."""

import secrets
import string
from collections.abc import Sequence
from datetime import date

from litestar import post

from regulars.base.days import to_day
from regulars.base.phone import to_e164
from regulars.base.refusals import Refused
from regulars.contracts.loyaltyhub.books import tier_book
from regulars.contracts.loyaltyhub.context import TILL, Context, open_context
from regulars.contracts.loyaltyhub.descriptions import REGISTER
from regulars.contracts.loyaltyhub.envelope import refusing_as
from regulars.contracts.loyaltyhub.errors import name_of
from regulars.contracts.loyaltyhub.fobs import RFID
from regulars.contracts.loyaltyhub.success import success
from regulars.contracts.loyaltyhub.wire import RegisterAnswer, RegisterBody
from regulars.db.database import Connection
from regulars.features.members import actions as members
from regulars.features.members.model import Member
from regulars.features.tiers.actions import standing
from regulars.http.answers import Answer
from regulars.http.bodies import read_json
from regulars.http.requests import HttpRequest

QR = "qr"
FIRST_LABEL = "Primary RFID Fob"
QR_DRAWS_MAX = 5
"""How often a code is drawn when the one before is somebody's; even one such chance is below one in 10^9."""

_QR_ALPHABET = string.ascii_uppercase + string.digits


@post("/wp-json/loyalty/v1/register", opt={"access": TILL, "operation": REGISTER})
async def register(request: HttpRequest) -> Answer:
    """A new customer, at home in the calling hotel."""
    context = await open_context(request)
    body = await read_json(request, RegisterBody, empty_is_object=True)
    with refusing_as({"invalid_identifier": "invalid_rfid_code"}):
        checked = _Checked(body, context.phone_region)
        tier = await _first_tier(context)
        member, qr_code = await context.services.database.run(
            lambda connection: _register(connection, context, checked)
        )
    answer = RegisterAnswer(
        customer_id=member.number,
        qr_code=qr_code,
        name=member.name,
        home_hotel=context.hotel.name,
        tier=tier,
    )
    return success(answer, 201)


def new_qr_code() -> str:
    """A code for a new customer: `LH` and 12 characters of [A-Z0-9] from the system's random numbers."""
    return "LH" + "".join(secrets.choice(_QR_ALPHABET) for _ in range(12))


class _Checked:
    """What is registered. Raises Refused: invalid_name, invalid_phone, invalid_birth_date."""

    def __init__(self, body: RegisterBody, phone_region: str) -> None:
        self.name = _required_name(body.name)
        self.email = _filled(body.email)
        self.phone = _phone(_filled(body.phone), phone_region)
        self.birth_date = _birth_date(_filled(body.dob))
        self.rfid_code = _filled(body.rfid_code)


async def _register(connection: Connection, context: Context, checked: _Checked) -> tuple[Member, str]:
    """The customer and the code that was drawn for it; the unique keys decide between two who are alike."""
    rfid = [(RFID, checked.rfid_code, FIRST_LABEL)] if checked.rfid_code is not None else []
    for _ in range(QR_DRAWS_MAX):
        qr_code = new_qr_code()
        try:
            return await _enrol(connection, context, checked, [(QR, qr_code, None), *rfid]), qr_code
        except Refused as refusal:
            if name_of(refusal) != f"identifier_taken.{QR}":
                raise
    raise AssertionError("the source of random numbers repeats itself")


async def _enrol(
    connection: Connection,
    context: Context,
    checked: _Checked,
    identifiers: Sequence[tuple[str, str, str | None]],
) -> Member:
    return await members.enrol(
        connection,
        context.program_id,
        name=checked.name,
        identifiers=identifiers,
        email=checked.email,
        phone=checked.phone,
        birth_date=checked.birth_date,
        home_location_id=context.hotel.location_id,
        now=context.services.clock(),
    )


async def _first_tier(context: Context) -> str:
    """What a customer without visits is called."""
    return standing(0, await tier_book(context), context.hotel.location_id, None).tier


def _required_name(text: str) -> str:
    if not text.strip():
        raise Refused("invalid_name")
    return text


def _filled(text: str | None) -> str | None:
    return text if text is not None and text.strip() else None


def _phone(text: str | None, region: str) -> str | None:
    if text is None:
        return None
    phone = to_e164(text, region)
    if phone is None:
        raise Refused("invalid_phone")
    return phone


def _birth_date(text: str | None) -> date | None:
    if text is None:
        return None
    day = to_day(text.strip())
    if day is None:
        raise Refused("invalid_birth_date")
    return day
