"""What a claim has led to, for callers that cannot make its command any more."""

from datetime import datetime

from regulars.base.ids import new_id
from regulars.db.database import Connection
from regulars.features.ledger import store_accounts, store_claims
from regulars.features.ledger.booking import recall
from regulars.features.ledger.model import (
    AccountReference,
    AccountState,
    Attribution,
    Claim,
    Command,
    Outcome,
)
from regulars.features.ledger.rules_holds import settle


async def recalled(
    connection: Connection, program_id: int, reference: AccountReference, claim: Claim, now: datetime
) -> Outcome | None:
    """What posting to the account under the claim would answer again, None if the claim led to nothing yet.

    For a request that was made from something that is gone meanwhile, so that its command cannot be built:
    its first outcome stands all the same. `connection` is in a transaction, because whoever posts to the
    account at this moment is waited for: the claim in question may be the one that is being made.
    """
    await store_claims.lock_account(connection, program_id, reference)
    remembered = await store_claims.find_claim(connection, program_id, claim)
    if remembered is None:
        return None
    known = await store_accounts.read_accounts(connection, program_id, [reference])
    account = known.get(reference) or AccountState(account_id=new_id(), reference=reference)
    asked = Command(account=reference, action="", attribution=Attribution(""), claim=claim)
    return recall(asked, settle(account, now), remembered)
