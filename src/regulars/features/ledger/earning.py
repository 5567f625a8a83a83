"""Earns of callers who know nothing of each other, as one exchange where nothing has to be decided.

The statement knows none of the ledger's rules, only when there is nothing for them to judge: an account that
is there and open, owes nothing, has nothing on hold, was last posted to before now and stays within its
limits, and a claim that was not made before. What it leaves out goes the usual way.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeGuard
from uuid import UUID

from regulars.base.clock import Clock
from regulars.base.ids import id_at
from regulars.db.database import Connection
from regulars.features.ledger import store_accounts, store_earning
from regulars.features.ledger.booking import transfer_to
from regulars.features.ledger.model import AccountState, Command, Earn, Posted, SystemAccount, Verb
from regulars.features.ledger.rules_holds import settle
from regulars.features.ledger.transaction import RETRYABLE, one_transaction


def are_unrelated_earns(commands: Sequence[Command]) -> TypeGuard[Sequence[Earn]]:
    """Whether they only earn, and each has an account and a claim of its own."""
    if not all(type(command) is Earn for command in commands):
        return False
    if len(commands) == 1:
        return True
    claims = [(command.claim.scope, command.claim.key) for command in commands if command.claim is not None]
    accounts = {command.account for command in commands}
    return len(accounts) == len(commands) and len(set(claims)) == len(claims)


async def earn(
    connection: Connection,
    program_id: int,
    commands: Sequence[Earn],
    clock: Clock,
    *,
    lock_seconds_max: float,
    is_told: bool,
) -> dict[int, Posted]:
    """What was posted by the places of the commands, durable when this returns. The others are left out.

    `is_told` may be wrong: then a single earn is left out, or takes a little longer.

    `connection` is idle and in autocommit mode; the commands are unrelated earns. Several of them wait at
    most `lock_seconds_max` for a row that somebody keeps locked. Raises as `posting.post`, but for what
    another transaction would not meet again: then nothing was posted.
    """
    now = clock()
    places = sorted(range(len(commands)), key=lambda place: _lock_order(commands[place]))
    ids = {id_at(now, step): place for step, place in enumerate(places)}
    try:
        async with one_transaction(connection) as pipeline:
            ordered = [commands[place] for place in places]
            credited = store_earning.send_earns(
                pipeline,
                program_id,
                ordered,
                list(ids),
                now,
                lock_seconds_max=lock_seconds_max,
                is_told=is_told,
            )
            references = [command.account for command in ordered]
            positions = store_accounts.send_positions(pipeline, program_id, references)
            await pipeline.flush()
    except RETRYABLE:
        return {}
    states = store_accounts.states_in(credited.rows, positions.rows)
    return {
        ids[row[-1]]: _posted(commands[ids[row[-1]]], state, row[-1], now)
        for row, state in zip(credited.rows, states, strict=True)
    }


def _lock_order(command: Earn) -> tuple[bytes, str, int]:
    account = command.account
    return account.member_id.bytes, account.asset, account.location_id


def _posted(command: Earn, after: AccountState, transfer_id: UUID, now: datetime) -> Posted:
    transfer = transfer_to(after, command, transfer_id, Verb.EARN, command.amount, SystemAccount.ISSUANCE)
    return Posted(transfer, settle(after, now))
