"""What `regulars promos` shows: all promos, or one with all its conditions and whom it was assigned to."""

from pathlib import Path

from regulars.cli.choosing import chosen_promo
from regulars.cli.promos.customers import customer_text
from regulars.cli.promos.texts import (
    audience_text,
    days_text,
    gives_text,
    hours_text,
    minimum_text,
    moment_text,
    state_text,
    uses_text,
    valid_text,
)
from regulars.cli.session import OpenProgram, open_program
from regulars.cli.tables import show_table
from regulars.features.access import actions as access
from regulars.features.access.model import Location
from regulars.features.members import actions as members
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Promo, PromoKind, UseCount

CUSTOMERS_SHOWN_MAX = 100


async def show_all(slug: str | None, data: Path | None) -> None:
    """Prints every promo of the program on one line."""
    async with open_program(data, slug) as opened:
        every = await promos.list_promos(opened.connection, opened.program_id)
        counts = await _counts(opened)
    if not every:
        print("there is no promo yet: add one with 'regulars promos add-code' or 'regulars promos add-bonus'")
        return
    show_table(
        ["code", "name", "gives", "valid", "uses", "overused", "state"],
        [_row(promo, counts[promo.promo_id]) for promo in every],
    )
    if any(count.overuses for count in counts.values()):
        print("'regulars promos overused' lists the sales behind the overuses")


async def show_one(code: str, slug: str | None, data: Path | None) -> None:
    """Prints all conditions of one promo, and whom it was assigned to."""
    async with open_program(data, slug) as opened:
        promo = await chosen_promo(opened, code)
        await show_promo(opened, promo)
        await _show_assignments(opened, promo)


async def show_promo(opened: OpenProgram, promo: Promo) -> None:
    """Prints everything about a promo but whom it was assigned to."""
    places = await places_of(opened)
    count = (await _counts(opened))[promo.promo_id]
    hotels = [places[location_id].slug for location_id in sorted(promo.location_ids)]
    limit = promo.usage_limit_per_customer
    rows = [
        ("code", promo.code),
        ("name", promo.name),
        ("description", promo.description or "–"),
        ("kind", "promo code" if promo.kind is PromoKind.PROMO_CODE else "loyalty bonus"),
        ("gives", gives_text(promo)),
        ("valid", valid_text(promo)),
        ("each day", hours_text(promo)),
        ("days", days_text(promo)),
        ("locations", ", ".join(hotels) or "all"),
        ("for", audience_text(promo)),
        ("minimum spend", minimum_text(promo, places, opened.program.currency)),
        ("uses", uses_text(promo, count)),
        ("uses per customer", "any number" if limit is None else f"{limit} at most"),
        ("overused", str(count.overuses)),
        ("state", state_text(promo)),
    ]
    show_table(["", promo.code], rows)


def _row(promo: Promo, count: UseCount) -> list[str]:
    return [
        promo.code,
        promo.name,
        gives_text(promo),
        valid_text(promo),
        uses_text(promo, count),
        str(count.overuses),
        state_text(promo),
    ]


async def _show_assignments(opened: OpenProgram, promo: Promo) -> None:
    given = await promos.assignments_of_promo(
        opened.connection, opened.program_id, promo.promo_id, limit=CUSTOMERS_SHOWN_MAX + 1
    )
    if not given:
        print(
            f"it is assigned to nobody; 'regulars promos assign {promo.code} CUSTOMER' gives it to somebody"
        )
        return
    customers = await members.get_many(
        opened.connection, opened.program_id, {assignment.member_id for assignment in given}
    )
    show_table(
        ["assigned to", "until"],
        [
            (
                customer_text(customers[assignment.member_id]),
                "–" if assignment.expires_at is None else moment_text(assignment.expires_at),
            )
            for assignment in given[:CUSTOMERS_SHOWN_MAX]
        ],
    )
    if len(given) > CUSTOMERS_SHOWN_MAX:
        print(f"these are the first {CUSTOMERS_SHOWN_MAX}; there are more")


async def _counts(opened: OpenProgram) -> dict[int, UseCount]:
    counts = await promos.list_use_counts(opened.connection, opened.program_id)
    return {count.promo_id: count for count in counts}


async def places_of(opened: OpenProgram) -> dict[int, Location]:
    """The program's locations by number."""
    places = await access.list_locations(opened.connection, opened.program_id)
    return {place.location_id: place for place in places}
