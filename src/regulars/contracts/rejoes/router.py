"""Rejoes as the application serves it: its routes, its credentials, its error table."""

from regulars.contracts.rejoes import loans, members, shopify, uploads
from regulars.contracts.rejoes.context import STORE_SCOPE
from regulars.contracts.rejoes.errors import errors
from regulars.contracts.rejoes.wire import ErrorAnswer
from regulars.http.access import HeaderKey
from regulars.http.contract import Contract

CONTRACT = Contract(
    name="rejoes",
    title="Rejoes",
    description="Lending clothes: plans, loans with photos, swaps.",
    handlers=[*members.HANDLERS, *uploads.HANDLERS, *loans.HANDLERS, *shopify.HANDLERS],
    paths=(
        "/members", "/uploads", "/loans", "/webhooks", "/api/members/by-card", "/api/members/dev",
        "/api/members/add", "/api/uploads", "/api/loans", "/api/webhooks",
    ),
    presentations=(HeaderKey("x-api-key", frozenset({STORE_SCOPE})),),
    errors=errors,
    error_body=ErrorAnswer,
)  # fmt: skip
