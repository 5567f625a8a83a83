"""What `regulars products` does."""

from pathlib import Path

from regulars.base.clock import utc_now
from regulars.cli.parsing import id_of
from regulars.cli.session import open_program
from regulars.cli.tables import show_table
from regulars.features.referrals import actions as referrals
from regulars.features.referrals.actions import LISTED_MAX
from regulars.features.referrals.model import Product


async def show_products(slug: str | None, data: Path | None) -> None:
    """Prints the program's products."""
    found: list[Product] = []
    async with open_program(data, slug) as opened:
        after = ""
        while page := await referrals.list_products(opened.connection, opened.program_id, after=after):
            found += page
            after = page[-1].slug
            if len(page) < LISTED_MAX:
                break
    if not found:
        print("there is no product yet: 'regulars products add SLUG NAME' makes one")
        return
    show_table(["id", "slug", "name", "state"], map(_row, found))


async def add_product(
    product_slug: str, name: str, product_id: str | None, slug: str | None, data: Path | None
) -> None:
    """Adds a product and prints its id."""
    own_id = None if product_id is None else id_of(product_id, "--id")
    async with open_program(data, slug) as opened:
        product = await referrals.add_product(
            opened.connection,
            opened.program_id,
            slug=product_slug,
            name=name,
            product_id=own_id,
            now=utc_now(),
        )
    print(product.product_id)


async def change_product(
    product_id: str, name: str | None, active: bool | None, slug: str | None, data: Path | None
) -> None:
    """Changes a product and says what it is now."""
    wanted = id_of(product_id, "the product")
    async with open_program(data, slug) as opened:
        product = await referrals.change_product(
            opened.connection, opened.program_id, wanted, name=name, active=active, now=utc_now()
        )
    print(f"{product.slug} is called {product.name} and is {'active' if product.active else 'inactive'}")


def _row(product: Product) -> list[str]:
    return [str(product.product_id), product.slug, product.name, "active" if product.active else "inactive"]
