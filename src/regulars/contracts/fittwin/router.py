"""FitTwin as the application serves it: its routes, its credentials, its error table."""

from regulars.contracts.fittwin import links, orders, sharing
from regulars.contracts.fittwin.context import INTERNAL_SCOPE, SHOPPER_SCOPE
from regulars.contracts.fittwin.errors import errors
from regulars.contracts.fittwin.settings import ISSUER_PREFIX
from regulars.contracts.fittwin.wire import ErrorAnswer
from regulars.http.access import BearerToken, HeaderKey
from regulars.http.contract import Contract

CONTRACT = Contract(
    name="fittwin",
    title="FitTwin",
    description="Referrals: links to products, attribution of orders, rewards, and what looks like fraud.",
    handlers=[*sharing.HANDLERS, *links.HANDLERS, *orders.HANDLERS],
    paths=("/referrals", "/r", "/api/v1/referrals", "/api/v1/r"),
    presentations=(
        HeaderKey("x-internal-api-key", frozenset({INTERNAL_SCOPE})),
        BearerToken(ISSUER_PREFIX, frozenset({SHOPPER_SCOPE}), of_subjects=True),
    ),
    errors=errors,
    error_body=ErrorAnswer,
)
