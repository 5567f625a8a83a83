"""The page behind every QR code: `GET /scan?t=…`. It works on a phone and loads nothing from elsewhere.

Answering the address moves no points, for mail programs and messengers open links too. The page's script
then asks the ledger's own endpoints: at once for a gift, when a parent says so for everything else.
"""

from pathlib import Path
from typing import Annotated
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.context import Context, load_account, reaches
from regulars.contracts.cryptokids.rows import HOLD_STATUSES
from regulars.contracts.cryptokids.scan_view import (
    Request,
    Task,
    View,
    earn_view,
    give_view,
    spend_view,
    unusable_view,
)
from regulars.contracts.cryptokids.settings import settings_of
from regulars.contracts.cryptokids.tokens import (
    EarnData,
    GiveData,
    SpendData,
    data_of,
    program_of,
    read_token,
)
from regulars.db.database import DatabaseUnavailable
from regulars.features.access.model import Caller, Program
from regulars.features.ledger.actions import find_hold
from regulars.features.rewards.actions import find_templates
from regulars.features.rewards.model import Token, TokenType
from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, page_answer
from regulars.http.assets import Assets
from regulars.http.failures import QueryRefused
from regulars.http.openapi import Content, Operation
from regulars.http.queries import read_query
from regulars.http.requests import HttpRequest, caller_if_any, services
from regulars.http.services import Services

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""Like every page's, but a reward's picture may lie on another server."""

_HERE = Path(__file__).parent
_ASSETS = Assets("/scan", _HERE / "static")
_TEMPLATE = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("scan.html")


class ScanQuery(Struct, frozen=True):
    """What a QR code carries."""

    t: Annotated[str, Meta(description="The token.")] | None = None


@get(
    "/scan",
    opt={
        "access": PUBLIC,
        "operation": Operation(
            summary="Show the page of a QR code",
            description="Collects a give token, asks for a parent's key for an earn token, shows a parent "
            "what a spend token asks for. Nothing moves until the page's script or its reader acts.",
            query=ScanQuery,
            answers={
                200: Content("The page.", media_type="text/html"),
                400: Content("A page that says why the token is of no use.", media_type="text/html"),
            },
        ),
    },
)
async def show_scan_page(request: HttpRequest) -> Answer:
    """The page for a token, or one that says what is wrong with it."""
    status = 200
    try:
        view = await _view(request, read_query(request, ScanQuery))
    except Refused as refused:
        status, view = 400, unusable_view(refused.code)
    except QueryRefused:
        status, view = 400, unusable_view("BAD_TOKEN")
    except DatabaseUnavailable:
        status, view = 503, unusable_view("UNAVAILABLE")
    html = _TEMPLATE.render(view=view, style=_ASSETS.url("scan.css"), script=_ASSETS.url("scan.js"))
    return page_answer(html, status, policy=POLICY)


@get(
    "/scan/{name:str}",
    opt={
        "access": PUBLIC,
        "operation": Operation(
            summary="Fetch the style or the script of the page",
            answers={200: Content("The file.", media_type="text/css"), 404: None},
        ),
    },
)
async def show_scan_asset(request: HttpRequest) -> Answer:
    """A file of the page."""
    answer = _ASSETS.answer(request, request.path_params["name"])
    if answer is None:
        raise Refused("not_found")
    return answer


async def _view(request: HttpRequest, query: ScanQuery) -> View:
    if not query.t:
        raise Refused("MISSING")
    context = await _context(request, query.t)
    token = read_token(context, query.t)
    match token.typ:
        case TokenType.GIVE:
            return _give(context, query.t, token)
        case TokenType.EARN:
            return await _earn(context, query.t, token)
        case TokenType.SPEND:
            return await _spend(context, query.t, token)


def _give(context: Context, text: str, token: Token) -> View:
    data = data_of(token, GiveData)
    _require_reach(context, data.memberId)
    return give_view(text, data.userId, data.amount, data.note or "")


async def _earn(context: Context, text: str, token: Token) -> View:
    data = data_of(token, EarnData)
    _require_reach(context, data.memberId)
    ids = [template.id for template in data.templates]
    async with context.services.database.connection() as connection:
        known = await find_templates(connection, context.program_id, ids)
    tasks = []
    for counted in data.templates:
        template = known.get(counted.id)
        if template is None or not template.active:
            raise Refused("TEMPLATE_MISSING")
        tasks.append(Task(template.title, template.points, counted.count))
    return earn_view(text, data.userId, tasks, data.note or "")


async def _spend(context: Context, text: str, token: Token) -> View:
    data = data_of(token, SpendData)
    _require_reach(context, data.memberId)
    async with context.services.database.connection() as connection:
        row = await find_hold(connection, context.program_id, data.holdId, context.now)
    if row is None:
        raise Refused("BAD_TOKEN")
    account = await load_account(context, row.member_id)
    subject = row.hold.subject or {}
    asked = Request(
        hold_id=str(row.hold.hold_id),
        user_id=data.userId,
        status=HOLD_STATUSES[row.hold.status],
        item=str(subject.get("itemName") or "Reward"),
        image_url=str(subject.get("itemImage") or ""),
        cost=row.hold.amount if row.hold.captured is None else row.hold.captured,
        balance=account.balance,
        note=row.hold.note or "",
    )
    return spend_view(text, asked)


def _require_reach(context: Context, member_id: UUID | None) -> None:
    """A child's device shows no other child's tokens: they are as unreadable as forged ones."""
    if context.caller.member_id is not None and (member_id is None or not reaches(context.caller, member_id)):
        raise Refused("BAD_TOKEN")


async def _context(request: HttpRequest, text: str) -> Context:
    """The context of whoever opens the page of a token; nobody has to be known for it."""
    shared = services(request)
    who = caller_if_any(request)
    program = await _program(shared, text, who)
    if program is None:
        raise Refused("BAD_TOKEN")
    who = who or Caller(program_id=program.program_id, credential_id=None, name="page", scopes=frozenset())
    return Context(request, shared, program, settings_of(program, shared.settings), who, shared.clock())


async def _program(shared: Services, text: str, who: Caller | None) -> Program | None:
    """The caller's program, or else the one that signed the token; the first one, to say that nobody did."""
    program_id = program_of(shared, text) if who is None else who.program_id
    if program_id is None:
        program_id = await shared.programs.default_program_id()
    return None if program_id is None else await shared.programs.get(program_id)


HANDLERS: list[HTTPRouteHandler] = [show_scan_page, show_scan_asset]
