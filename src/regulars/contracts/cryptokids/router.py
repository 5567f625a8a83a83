"""CryptoKids as the application serves it: its routes, its credentials, its error table."""

from regulars.contracts.cryptokids import (
    catalogue,
    earn_tokens,
    earning,
    history,
    holds,
    holds_list,
    ledger_page,
    members,
    pages,
    refund,
    status,
    uploads,
    verbs,
)
from regulars.contracts.cryptokids.context import ADMIN_SCOPE, CHILD_SCOPE, PARENT_SCOPE
from regulars.contracts.cryptokids.envelope import errors
from regulars.contracts.cryptokids.wire import ErrorAnswer
from regulars.http.access import BearerKey, CookieKey, HeaderKey
from regulars.http.contract import Contract

DEVICE_COOKIE = "cryptokids_device"

CONTRACT = Contract(
    name="cryptokids",
    title="CryptoKids",
    description="A family's chores, points and rewards: ledger verbs, holds, QR tokens, history.",
    handlers=[
        verbs.earn,
        verbs.redeem,
        verbs.adjust,
        refund.refund,
        holds.reserve_hold,
        holds.approve_hold,
        holds.cancel_hold,
        holds_list.holds,
        earning.quick_earn,
        earning.scan_token,
        earn_tokens.make_earn_token,
        earn_tokens.make_give_token,
        *catalogue.HANDLERS,
        *history.HANDLERS,
        *ledger_page.HANDLERS,
        *members.HANDLERS,
        *pages.HANDLERS,
        *status.HANDLERS,
        *uploads.HANDLERS,
    ],
    paths=(
        "/ck", "/api/holds", "/api/earn", "/api/tokens", "/api/history", "/api/history.csv",
        "/api/earn-templates", "/api/rewards", "/api/members", "/api/features", "/api/admin/telemetry",
        "/balance", "/summary", "/version", "/scan", "/photos", "/admin/upload-image64",
    ),
    presentations=(
        HeaderKey("x-admin-key", frozenset({ADMIN_SCOPE, PARENT_SCOPE})),
        BearerKey(scopes=frozenset({CHILD_SCOPE})),
        CookieKey(DEVICE_COOKIE, frozenset({CHILD_SCOPE})),
    ),
    errors=errors,
    error_body=ErrorAnswer,
)  # fmt: skip
