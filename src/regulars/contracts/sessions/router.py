"""Sessions Rewards as the application serves it: its routes, its credentials, its error table."""

from regulars.contracts.sessions import (
    admin_page,
    admin_sign_in,
    apple_service,
    cards,
    carts,
    customers,
    jobs,
    membership,
    orders,
    pages,
    stripe_events,
    wallet_cards,
    wallet_page,
)
from regulars.contracts.sessions.context import ADMIN_SCOPE, INTERNAL_SCOPE, KIOSK_SCOPE
from regulars.contracts.sessions.errors import errors
from regulars.contracts.sessions.settings import ISSUER_PREFIX
from regulars.contracts.sessions.wire import ErrorAnswer
from regulars.http.access import BearerToken, HeaderKey, SealedCookie
from regulars.http.contract import Contract

CONTRACT = Contract(
    name="sessions",
    title="Sessions Rewards",
    description="Kiosks: points, rewards, cart holds, paid membership, wallet cards.",
    handlers=[
        *customers.HANDLERS,
        *carts.HANDLERS,
        *orders.HANDLERS,
        *stripe_events.HANDLERS,
        *membership.HANDLERS,
        *jobs.HANDLERS,
        *cards.HANDLERS,
        *wallet_page.HANDLERS,
        *wallet_cards.HANDLERS,
        *apple_service.HANDLERS,
        *admin_page.HANDLERS,
        *admin_sign_in.HANDLERS,
        pages.show_style,
    ],
    paths=("/loyalty", "/wallet", "/membership", "/admin", "/api/issue-card", "/api/card-branding"),
    presentations=(
        HeaderKey("x-kiosk-secret", frozenset({KIOSK_SCOPE})),
        HeaderKey("x-internal-api-key", frozenset({INTERNAL_SCOPE})),
        HeaderKey(admin_sign_in.KEY_HEADER, frozenset({ADMIN_SCOPE})),
        SealedCookie(admin_sign_in.COOKIE, frozenset({ADMIN_SCOPE})),
        BearerToken(ISSUER_PREFIX, frozenset({KIOSK_SCOPE})),
    ),
    errors=errors,
    error_body=ErrorAnswer,
)
