"""What `regulars promos` writes: promos added, changed, switched on and off."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from regulars.base.clock import utc_now
from regulars.cli.choosing import chosen_promo
from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.promos.fields import fields_at, fields_of
from regulars.cli.promos.options import NO_CONDITIONS, Bonuses, Conditions, Discounts
from regulars.cli.promos.views import show_promo
from regulars.cli.session import open_program
from regulars.features.promos import actions as promos
from regulars.features.promos.model import PromoChanges, PromoKind, PromoTerms


async def add(
    kind: str,
    code: str,
    name: str,
    figures: Discounts | Bonuses,
    conditions: Conditions,
    slug: str | None,
    data: Path | None,
) -> None:
    """Adds a promo and prints it. Raises Refused as `promos.create_promo` does."""
    given = fields_of([figures, conditions])
    async with open_program(data, slug) as opened:
        given |= await fields_at(opened, conditions)
        if kind == PromoKind.LOYALTY_BONUS:
            # Without it, nobody would get the bonus but those it is assigned to, and whoever names it.
            given.setdefault("requires_membership", True)
        terms = PromoTerms(kind=PromoKind(kind), code=code, name=name, **given)
        promo = await promos.create_promo(opened.connection, opened.program_id, terms, utc_now())
        await show_promo(opened, promo)
    print(f"promo {promo.code} is added")
    if promo.assigned_only:
        print(f"it is for those it is assigned to: regulars promos assign {promo.code} CUSTOMER")


async def change(
    code: str,
    texts: dict[str, str | None],
    figures: Sequence[Discounts | Bonuses],
    conditions: Conditions,
    dry_run: bool,
    slug: str | None,
    data: Path | None,
) -> None:
    """Changes a promo and prints it. Raises Refused as `promos.update_promo` does."""
    given: dict[str, Any] = {field: text for field, text in texts.items() if text is not None}
    given |= fields_of([*figures, conditions])
    if not given and conditions == NO_CONDITIONS:
        raise CommandFailed("nothing to change: give an option, such as --valid-until", ExitCode.USAGE)
    async with open_program(data, slug, dry_run=dry_run) as opened:
        promo = await chosen_promo(opened, code)
        given |= await fields_at(opened, conditions, promo.location_ids)
        changed = await promos.update_promo(
            opened.connection, opened.program_id, promo.promo_id, PromoChanges(**given), utc_now()
        )
        await show_promo(opened, changed)
    print("nothing was changed: --dry-run" if dry_run else f"promo {changed.code} is changed")


async def switch(code: str, active: bool, slug: str | None, data: Path | None) -> None:
    """Switches a promo on or off, and says so, or that it was so already."""
    async with open_program(data, slug) as opened:
        promo = await chosen_promo(opened, code)
        await promos.set_active(opened.connection, opened.program_id, promo.promo_id, active, utc_now())
    said = "is" if promo.active != active else "was already"
    print(f"promo {promo.code} {said} {'active' if active else 'inactive'}")
