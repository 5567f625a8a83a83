"""What can be done with promos: the one door to this feature for everything above it.

`objection`, `boosted` and the other pure rules are to be had here too. What identifying a customer takes is
`PromoCache`, `claims_of_found` with the `limited_promo_ids`, then `available_promos` and `applied_bonus`:
two statements at most, whatever the number of promos.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET
from msgspec.structs import asdict, replace
from psycopg.errors import UniqueViolation

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.access import actions as access
from regulars.features.members import actions as members
from regulars.features.members.model import Status
from regulars.features.promos import store, store_uses
from regulars.features.promos.caches import PromoCache
from regulars.features.promos.claims import Claims, Consumption, claims_of, claims_of_found
from regulars.features.promos.model import (
    Assignment,
    Promo,
    PromoBook,
    PromoChanges,
    PromoTerms,
    UseCount,
    Uses,
)
from regulars.features.promos.rules import local_time, objection
from regulars.features.promos.rules_offers import (
    applied_bonus,
    available_promos,
    is_assigned,
    limited_promo_ids,
)
from regulars.features.promos.rules_rates import applied, best_bonus, boosted
from regulars.features.promos.rules_terms import checked_expiry, checked_terms, clean_code

__all__ = [
    "Claims",
    "Consumption",
    "PromoCache",
    "applied",
    "applied_bonus",
    "assign",
    "assignments_of",
    "assignments_of_promo",
    "available_promos",
    "best_bonus",
    "boosted",
    "claims_of",
    "claims_of_found",
    "clean_code",
    "consume",
    "create_promo",
    "find_by_code",
    "find_promo",
    "in_book",
    "is_assigned",
    "limited_promo_ids",
    "list_promos",
    "list_use_counts",
    "local_time",
    "objection",
    "set_active",
    "unassign",
    "update_promo",
    "uses_of",
]

NUMBER_MAX = 2**31 - 1


async def create_promo(connection: Connection, program_id: int, terms: PromoTerms, now: datetime) -> Promo:
    """The new promo.

    Raises Refused: invalid_promo with `field` (see `rules_terms.checked_terms`; "location_ids" also for a
    location that the program does not have), code_taken.
    """
    checked = checked_terms(terms)
    await _require_locations(connection, program_id, checked.location_ids)
    promo = Promo(
        **asdict(checked),
        program_id=program_id,
        promo_id=await access.next_number(connection, program_id, "promo"),
        created_at=now,
        updated_at=now,
    )
    if not await store.insert_promo(connection, promo):
        raise Refused("code_taken")
    return promo


async def update_promo(
    connection: Connection, program_id: int, promo_id: int, changes: PromoChanges, now: datetime
) -> Promo:
    """The promo as it is now; its terms are checked as a whole. What was used of it stays used.

    A limit may be set below what was used already: then no use is left. Raises Refused: promo_not_found, and
    those of `create_promo`.
    """
    promo = await store.lock_promo(connection, program_id, promo_id) if _is_number(promo_id) else None
    if promo is None:
        raise Refused("promo_not_found")
    set_fields: dict[str, Any] = {
        name: value for name, value in asdict(changes).items() if value is not UNSET
    }
    changed = checked_terms(replace(promo, **set_fields))
    if changed == promo:
        return promo
    await _require_locations(connection, program_id, changed.location_ids - promo.location_ids)
    changed = replace(changed, updated_at=max(promo.updated_at, now))
    try:
        async with connection.transaction():
            await store.update_promo(connection, changed)
    except UniqueViolation:
        raise Refused("code_taken") from None
    return changed


async def set_active(
    connection: Connection, program_id: int, promo_id: int, active: bool, now: datetime
) -> Promo:
    """The promo, switched on or off. Raises Refused: promo_not_found."""
    return await update_promo(connection, program_id, promo_id, PromoChanges(active=active), now)


async def list_promos(connection: Connection, program_id: int, *, active: bool | None = None) -> list[Promo]:
    """The promos that are switched on, those that are off, or (None) all, oldest first."""
    promos = await store.select_promos(connection, program_id)
    return [promo for promo in promos if active is None or promo.active == active]


async def find_promo(connection: Connection, program_id: int, promo_id: int) -> Promo | None:
    """The promo with this id, switched on or not, or None."""
    return await store.select_promo(connection, program_id, promo_id) if _is_number(promo_id) else None


async def find_by_code(connection: Connection, program_id: int, code: str) -> Promo | None:
    """The promo with this code, in whatever case it was typed, switched on or not, or None."""
    cleaned = clean_code(code)
    return await store.select_promo_by_code(connection, program_id, cleaned) if cleaned else None


def in_book(book: PromoBook, code: str) -> Promo | None:
    """The promo with this code, as `find_by_code` would find it, among those that a cache holds."""
    cleaned = clean_code(code)
    return book.by_code.get(cleaned) if cleaned else None


async def assign(
    connection: Connection,
    program_id: int,
    promo_id: int,
    member_id: UUID,
    *,
    expires_at: datetime | None = None,
    now: datetime,
) -> Assignment:
    """The promo given to the member until `expires_at` on the hotel's clock; assigning again sets a new end.

    Raises Refused: invalid_promo with field "expires_at", promo_not_found, member_not_found.
    """
    assignment = Assignment(promo_id, member_id, checked_expiry(expires_at))
    if await find_promo(connection, program_id, promo_id) is None:
        raise Refused("promo_not_found")
    member = await members.get(connection, program_id, member_id)
    if member is None or member.status == Status.ERASED:
        raise Refused("member_not_found")
    await store_uses.upsert_assignment(connection, program_id, assignment, now)
    return assignment


async def unassign(connection: Connection, program_id: int, promo_id: int, member_id: UUID) -> None:
    """The promo is taken back from the member. Raises Refused: assignment_not_found."""
    is_gone = _is_number(promo_id) and await store_uses.delete_assignment(
        connection, program_id, promo_id, member_id
    )
    if not is_gone:
        raise Refused("assignment_not_found")


async def assignments_of(connection: Connection, program_id: int, member_id: UUID) -> list[Assignment]:
    """What was assigned to the member, expired assignments included."""
    return await store_uses.select_assignments_of_member(connection, program_id, member_id)


async def assignments_of_promo(
    connection: Connection,
    program_id: int,
    promo_id: int,
    *,
    after: UUID | None = None,
    limit: int = 100,
) -> list[Assignment]:
    """Whom the promo was assigned to, in pages by member id; `after` is the last one seen."""
    if not _is_number(promo_id):
        return []
    return await store_uses.select_assignments_of_promo(connection, program_id, promo_id, after, limit)


async def uses_of(
    connection: Connection, program_id: int, promo_ids: Collection[int], member_id: UUID | None
) -> dict[int, Uses]:
    """What was used of each of these promos, by everybody and by this member. One statement, or none."""
    if not promo_ids:
        return {}
    return await store_uses.select_uses(connection, program_id, promo_ids, member_id)


async def consume(
    connection: Connection, program_id: int, promo: Promo, member_id: UUID | None, now: datetime
) -> bool:
    """True: a use was left and is taken, overall and of this customer. False: neither, and it is an overuse.

    Exact however many try at once: they wait for each other until their transactions end, so call this
    late in one. Limits are read as they are stored now, which may be newer than `promo`. One statement.
    """
    is_taken = await store_uses.consume(connection, program_id, promo.promo_id, member_id, now)
    assert is_taken is not None, "promos are never deleted"
    return is_taken


async def list_use_counts(connection: Connection, program_id: int) -> list[UseCount]:
    """What was used and overused of every promo, by id: for the operator."""
    return await store_uses.select_counts(connection, program_id)


async def _require_locations(connection: Connection, program_id: int, location_ids: Collection[int]) -> None:
    if not location_ids:
        return
    locations = await access.list_locations(connection, program_id)
    if not {location.location_id for location in locations}.issuperset(location_ids):
        raise Refused("invalid_promo", field="location_ids")


def _is_number(value: int) -> bool:
    """Whether a promo can have this number; what a caller sends may be any integer."""
    return type(value) is int and 0 < value <= NUMBER_MAX
