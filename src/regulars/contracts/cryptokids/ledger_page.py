"""A member's ledger for the parent's page, and the figures the child's page shows."""

from datetime import timedelta

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from regulars.base.ids import new_id
from regulars.contracts.cryptokids.context import ADMIN_KEY, CHILD, Context, load_account, open_context
from regulars.contracts.cryptokids.hints import hints_for
from regulars.contracts.cryptokids.history_query import OFFSET_MAX, read_integer, read_limit
from regulars.contracts.cryptokids.history_rows import member_named, origins_by_id, read_rows
from regulars.contracts.cryptokids.history_wire import (
    Balance,
    LedgerPage,
    PageParameters,
    Period,
    Periods,
    RedeemRow,
    Summary,
)
from regulars.contracts.cryptokids.posting import read_uuid
from regulars.contracts.cryptokids.rows import transfer_row
from regulars.contracts.cryptokids.wire import LedgerRow
from regulars.db.database import Connection
from regulars.features.ledger import actions as ledger
from regulars.features.ledger.model import AccountReference, AccountState, Hold, Redemption, Transfer
from regulars.features.ledger.model_lists import HistoryFilter, RedemptionRow
from regulars.http.answers import Answer, json_answer
from regulars.http.openapi import Operation
from regulars.http.queries import read_query
from regulars.http.requests import HttpRequest

ROWS_DEFAULT = 50
ROWS_MAX = 500
REDEEMS_DEFAULT = 50


@get(
    "/ck/ledger/{userId:str}",
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(
            summary="Show a member's ledger",
            description="The newest rows and redeems; `limit`, `offset`, `redeemsLimit` and "
            "`redeemsBefore` page.",
            query=PageParameters,
            answers={200: LedgerPage, 400: None},
        ),
    },
)
async def show_ledger(request: HttpRequest) -> Answer:
    """Rows, redeems with what may be refunded of them, totals and hints; all empty for an unknown user id."""
    parameters = msgspec.to_builtins(read_query(request, PageParameters))
    context = await open_context(request)
    account = await _account(context, request.path_params["userId"])
    wanted = HistoryFilter(
        member_id=account.reference.member_id,
        limit=read_limit(parameters, ROWS_DEFAULT, ROWS_MAX),
        offset=read_integer(parameters, "offset", 0, 0, OFFSET_MAX),
    )
    async with context.services.database.connection() as connection:
        redeems = await ledger.list_redemptions(
            connection,
            context.program_id,
            account.reference,
            limit=read_integer(parameters, "redeemsLimit", REDEEMS_DEFAULT, 1, ROWS_MAX),
            before=read_uuid(parameters["redeemsBefore"]),
        )
        page = LedgerPage(
            userId=context.handle,
            balance=account.balance,
            rows=await read_rows(connection, context.program_id, wanted),
            redeems=await _redeem_rows(connection, context, redeems),
            summary=await _periods(connection, context, account.reference),
            hints=hints_for(account, context.settings, context.now),
        )
    return json_answer(page)


@get(
    "/balance/{userId:str}",
    opt={
        "access": CHILD,
        "operation": Operation(summary="Read a balance", answers={200: Balance, 400: None}),
    },
)
async def read_balance(request: HttpRequest) -> Answer:
    """The balance; 0 for an unknown user id."""
    context = await open_context(request)
    account = await _account(context, request.path_params["userId"])
    return json_answer(Balance(account.balance))


@get(
    "/summary/{userId:str}",
    opt={
        "access": CHILD,
        "operation": Operation(
            summary="Read a balance and what it came of",
            description="`earned` is all that was ever credited, refunds and corrections included, `spent` "
            "all that was ever debited, so that `earned` less `spent` is the balance.",
            answers={200: Summary, 400: None},
        ),
    },
)
async def read_summary(request: HttpRequest) -> Answer:
    """Balance, credits and debits of a whole life; zeros for an unknown user id."""
    context = await open_context(request)
    account = await _account(context, request.path_params["userId"])
    return json_answer(Summary(context.handle, account.balance, account.credited, account.debited))


async def _account(context: Context, user_id: str) -> AccountState:
    """The account of a user id; for one nobody has, the account of nobody, which is at zero."""
    member_id = await member_named(context, user_id)
    if member_id is None:
        return AccountState(account_id=new_id(), reference=AccountReference(new_id()))
    return await load_account(context, member_id)


async def _redeem_rows(
    connection: Connection, context: Context, redeems: list[RedemptionRow]
) -> list[RedeemRow]:
    transfers = [transfer for redeem in redeems for transfer in (redeem.transfer, *redeem.refunds)]
    origins = await origins_by_id(connection, context.program_id, transfers)

    def row_of(transfer: Transfer, hold: Hold | None = None) -> LedgerRow:
        return transfer_row(transfer, hold, context.handle, origins.get(transfer.origin_id))

    return [
        RedeemRow(
            **msgspec.structs.asdict(row_of(redeem.transfer, redeem.hold)),
            redeem_amount=redeem.redemption.redeemed,
            refunded_amount=redeem.redemption.refunded,
            remaining_refundable=redeem.redemption.remaining,
            refund_status=_refund_status(redeem.redemption),
            refunds=[row_of(refund) for refund in redeem.refunds],
        )
        for redeem in redeems
    ]


def _refund_status(redemption: Redemption) -> str:
    if redemption.refunded == 0:
        return "open"
    return "partial" if redemption.remaining else "refunded"


async def _periods(connection: Connection, context: Context, reference: AccountReference) -> Periods:
    week = await ledger.period_totals(
        connection, context.program_id, reference, since=context.now - timedelta(days=7)
    )
    month = await ledger.period_totals(
        connection, context.program_id, reference, since=context.now - timedelta(days=30)
    )
    return Periods(
        earn=Period(week.earned, month.earned),
        redeem=Period(week.redeemed, month.redeemed),
        refund=Period(week.refunded, month.refunded),
    )


HANDLERS: list[HTTPRouteHandler] = [show_ledger, read_balance, read_summary]
