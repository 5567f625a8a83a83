"""Loyalty Hub as the application serves it: its routes, its credentials, its error table."""

from regulars.contracts.loyaltyhub import customers, fobs, identify, promos, sync, transaction
from regulars.contracts.loyaltyhub.context import TILL_SCOPE
from regulars.contracts.loyaltyhub.envelope import errors
from regulars.contracts.loyaltyhub.wire import ErrorAnswer
from regulars.http.access import HeaderKey
from regulars.http.contract import Contract

CONTRACT = Contract(
    name="loyaltyhub",
    title="Loyalty Hub",
    description="Tills of hotels and pubs: customers, fobs, tiers by visits, discounts, promos, sync.",
    handlers=[
        identify.identify,
        transaction.transaction,
        customers.register,
        sync.sync,
        fobs.add_fob,
        fobs.replace_fob,
        promos.validate,
        promos.apply,
    ],
    paths=("/wp-json/loyalty/v1",),
    presentations=(HeaderKey("x-api-key", frozenset({TILL_SCOPE})),),
    errors=errors,
    error_body=ErrorAnswer,
)
