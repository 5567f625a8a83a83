"""What `regulars promos` does for single customers: promos given to them, and taken back."""

from collections.abc import Sequence
from pathlib import Path

from regulars.base.clock import utc_now
from regulars.base.refusals import Refused
from regulars.cli.choosing import chosen_customer, chosen_promo
from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.parsing import last_moment_of
from regulars.cli.promos.texts import moment_text
from regulars.cli.session import OpenProgram, open_program
from regulars.features.members.model import Member
from regulars.features.promos import actions as promos


async def assign(
    code: str,
    customers: Sequence[str],
    until: str | None,
    dry_run: bool,
    slug: str | None,
    data: Path | None,
) -> None:
    """Gives the promo to all of the customers, or to none."""
    _require_customers(customers)
    expires_at = None if until is None else last_moment_of(until, "--until")
    async with open_program(data, slug, dry_run=dry_run) as opened:
        promo = await chosen_promo(opened, code)
        chosen = await _chosen(opened, customers)
        for customer in chosen:
            await promos.assign(
                opened.connection,
                opened.program_id,
                promo.promo_id,
                customer.member_id,
                expires_at=expires_at,
                now=utc_now(),
            )
    ends = "" if expires_at is None else f" until {moment_text(expires_at)} on the hotel's clock"
    _say(chosen, f"{promo.code} is assigned to", ends, dry_run)


async def unassign(
    code: str, customers: Sequence[str], dry_run: bool, slug: str | None, data: Path | None
) -> None:
    """Takes the promo back from all of the customers, or from none."""
    _require_customers(customers)
    async with open_program(data, slug, dry_run=dry_run) as opened:
        promo = await chosen_promo(opened, code)
        chosen = await _chosen(opened, customers)
        for customer in chosen:
            try:
                await promos.unassign(
                    opened.connection, opened.program_id, promo.promo_id, customer.member_id
                )
            except Refused as refused:
                if refused.code != "assignment_not_found":
                    raise
                raise CommandFailed(
                    f"{promo.code} is not assigned to {customer_text(customer)}: nothing was changed"
                ) from refused
    _say(chosen, f"{promo.code} is taken back from", "", dry_run)


def customer_text(customer: Member) -> str:
    """How a customer is called in what commands print."""
    return f"customer {customer.number}" + (f" ({customer.name})" if customer.name else "")


def _require_customers(customers: Sequence[str]) -> None:
    if not customers:
        raise CommandFailed(
            "name a customer: by number, e-mail address, fob or QR code (--help shows more)", ExitCode.USAGE
        )


async def _chosen(opened: OpenProgram, customers: Sequence[str]) -> list[Member]:
    """The customers, each once, however many ways they were named in."""
    found = [await chosen_customer(opened, text) for text in customers]
    return list({customer.member_id: customer for customer in found}.values())


def _say(chosen: Sequence[Member], before: str, after: str, dry_run: bool) -> None:
    """Says what came of it, which is only known once the transaction has ended."""
    for customer in chosen:
        print(f"{before} {customer_text(customer)}{after}")
    if dry_run:
        print("nothing was changed: --dry-run")
