"""Repeated requests whose reward or template is gone: the ledger's memory of their claim answers them."""

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.context import Context
from regulars.features.ledger.actions import recalled
from regulars.features.ledger.model import AccountReference, Claim, Posted


async def posted_before(context: Context, claim: Claim | None, gone: Refused) -> Posted:
    """What the claim led to when the request came first, for the member noted in the context.

    Raises what it was refused with then, Refused("idempotency_conflict") where the claim belongs to another
    request, and `gone` where there is no claim, or it has led to nothing: then the request is a new one.
    """
    if claim is None or context.member_id is None:
        raise gone
    reference = AccountReference(context.member_id)
    async with context.services.database.transaction() as connection:
        outcome = await recalled(connection, context.program_id, reference, claim, context.now)
    if outcome is None:
        raise gone
    context.account = outcome.account
    if isinstance(outcome, Posted):
        return outcome
    raise Refused(outcome.refusal.code, **outcome.refusal.details)
