"""What `regulars promos overused` shows."""

from pathlib import Path
from zoneinfo import ZoneInfo

from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.promos.views import places_of
from regulars.cli.session import open_program
from regulars.cli.tables import money_text, show_table
from regulars.features.access.model import Location
from regulars.features.members import actions as members
from regulars.features.members.model import Member
from regulars.features.sales import actions as sales
from regulars.features.sales.model_overuse import OverusedSale

SALES_SHOWN_MAX = 10_000


async def show_overused(limit: int, slug: str | None, data: Path | None) -> None:
    """Prints the latest sales that named a promo when no use of it was left."""
    if not 1 <= limit <= SALES_SHOWN_MAX:
        raise CommandFailed(f"--limit {limit}: it is from 1 to {SALES_SHOWN_MAX}", ExitCode.USAGE)
    async with open_program(data, slug) as opened:
        found = await sales.overused_sales(opened.connection, opened.program_id, limit=limit)
        places = await places_of(opened)
        customers = await members.get_many(
            opened.connection, opened.program_id, {sale.member_id for sale in found}
        )
    if not found:
        print("no promo was overused")
        return
    show_table(
        ["sold", "location", "ticket", "customer", "promo", "total", "wet / dry discount given"],
        [_row(sale, places[sale.location_id], customers[sale.member_id]) for sale in found],
    )
    if len(found) == limit:
        print(f"these are the latest {limit}; --limit shows more")


def _row(sale: OverusedSale, place: Location, customer: Member) -> list[str]:
    discounts = (sale.claimed_wet_discount_minor, sale.claimed_dry_discount_minor)
    return [
        f"{sale.sold_at.astimezone(ZoneInfo(place.time_zone)):%Y-%m-%d %H:%M}",
        place.slug,
        sale.ticket_id or "–",
        str(customer.number),
        sale.promo_code,
        money_text(sale.total_minor, sale.currency),
        " / ".join("–" if part is None else money_text(part, sale.currency) for part in discounts),
    ]
