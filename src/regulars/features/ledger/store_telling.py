"""What a statement that credits accounts tells of them, as `events` has it for all other transfers."""

from datetime import datetime
from typing import LiteralString

import msgspec

from regulars.features.webhooks.telling import TOLD

_HAPPENED: LiteralString = """,
happened as (
    select c.transfer_id as event_id, 'transfer.earned' as type, c.updated_at as occurred_at,
        jsonb_build_object(
            'transfer_id', c.transfer_id, 'member_id', c.member_id, 'asset', c.asset,
            'location_id', nullif(c.location_id, 0), 'action', c.action, 'amount', c.amount,
            'balance_after', c.balance, 'version', c.version, 'parent_id', null, 'hold_id', null,
            'effective_at', %(moment)s::text
        ) as data
    from credited c
),
"""

TOLD_EARNS = _HAPPENED + TOLD
"""Comes after the parts of a statement of which one is `credited`."""


def moment(now: datetime) -> bytes:
    """The parameter of this name: the time of the transfers as JSON has it in all events."""
    return str(msgspec.to_builtins(now)).encode()
