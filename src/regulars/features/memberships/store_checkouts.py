"""The statements for the one checkout that a member may have open."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from regulars.db.database import Connection
from regulars.features.memberships.model import CheckoutWish, OpenCheckout

# A row that cannot be used any more is taken over: of several callers who come at once, the first gives it a
# new key, and the others find that one.
TAKE_CHECKOUT: LiteralString = """
insert into membership_checkouts as c (
    program_id, member_id, location_id, checkout_key, terms, created_at, expires_at
)
values (
    %(program_id)s, %(member_id)s, %(location_id)s, %(checkout_key)s, %(terms)s, %(now)s, %(expires_at)s
)
on conflict (program_id, member_id, location_id) do update
set checkout_key = excluded.checkout_key, terms = excluded.terms, session_id = null, url = null,
    created_at = excluded.created_at, expires_at = excluded.expires_at
where c.expires_at < %(usable_until)s or (c.session_id is null and c.terms <> excluded.terms)
    or c.checkout_key = %(used_up_key)s
"""

SELECT_CHECKOUT: LiteralString = """
select checkout_key, session_id, url, expires_at, terms = %(terms)s from membership_checkouts
where program_id = %(program_id)s and member_id = %(member_id)s and location_id = %(location_id)s
"""

FINISH_CHECKOUT: LiteralString = """
update membership_checkouts
set session_id = %(session_id)s, url = %(url)s, expires_at = %(expires_at)s
where program_id = %(program_id)s and member_id = %(member_id)s and location_id = %(location_id)s
    and checkout_key = %(checkout_key)s
"""

ABANDON_CHECKOUT: LiteralString = """
update membership_checkouts
set expires_at = created_at
where program_id = %(program_id)s and member_id = %(member_id)s and location_id = %(location_id)s
    and checkout_key = %(checkout_key)s and session_id is null
"""


async def take_checkout(
    connection: Connection,
    wish: CheckoutWish,
    *,
    new_key: UUID,
    used_up_key: UUID | None,
    now: datetime,
    usable_until: datetime,
    expires_at: datetime,
) -> OpenCheckout:
    """The checkout that the member has open or opens now.

    It is a new one if there was none, or one that lapses before `usable_until`, that nobody has finished
    under other terms, or whose key is `used_up_key`.
    """
    parameters = {
        "program_id": wish.program_id,
        "member_id": wish.member_id,
        "location_id": wish.location_id,
        "terms": wish.terms,
        "checkout_key": new_key,
        "used_up_key": used_up_key,
        "now": now,
        "usable_until": usable_until,
        "expires_at": expires_at,
    }
    await connection.execute(TAKE_CHECKOUT, parameters)
    cursor = await connection.execute(SELECT_CHECKOUT, parameters)
    row = await cursor.fetchone()
    assert row is not None, "rows are never deleted"
    return OpenCheckout(*row)


async def finish_checkout(
    connection: Connection, wish: CheckoutWish, checkout: OpenCheckout, session_id: str, url: str
) -> bool:
    """Whether the session is now the member's; not so if somebody else has taken the row over meanwhile."""
    cursor = await connection.execute(
        FINISH_CHECKOUT,
        {
            "program_id": wish.program_id,
            "member_id": wish.member_id,
            "location_id": wish.location_id,
            "checkout_key": checkout.checkout_key,
            "session_id": session_id,
            "url": url,
            "expires_at": checkout.expires_at,
        },
    )
    return cursor.rowcount == 1


async def abandon_checkout(connection: Connection, wish: CheckoutWish, checkout: OpenCheckout) -> None:
    """The next caller asks Stripe under another key, unless somebody has finished this one meanwhile."""
    await connection.execute(
        ABANDON_CHECKOUT,
        {
            "program_id": wish.program_id,
            "member_id": wish.member_id,
            "location_id": wish.location_id,
            "checkout_key": checkout.checkout_key,
        },
    )
