"""`regulars products`: what the shop sells and may be recommended."""

from typing import Annotated

from cyclopts import App, Parameter

from regulars.cli.parameters import Data, Program

products = App(
    name="products",
    help="List, add and change products that shoppers may recommend.",
    help_format="plaintext",
    help_formatter="plain",
)

ProductId = Annotated[str, Parameter(help="Id of the product, as 'regulars products list' shows it.")]


@products.command(name="list")
def list_products(*, program: Program = None, data: Data = None) -> None:
    """Show the program's products."""
    import asyncio

    from regulars.cli.product_changes import show_products

    asyncio.run(show_products(program, data))


@products.command
def add(
    slug: Annotated[str, Parameter(help="Its part of the shop's address: a-z, 0-9, - and _.")],
    name: Annotated[str, Parameter(help="What it is called.")],
    /,
    *,
    product_id: Annotated[
        str | None, Parameter(name="--id", help="The shop's own UUID of it. Default: a new one.")
    ] = None,
    program: Program = None,
    data: Data = None,
) -> None:
    """Add a product and print its id."""
    import asyncio

    from regulars.cli.product_changes import add_product

    asyncio.run(add_product(slug, name, product_id, program, data))


@products.command(name="set")
def set_product(
    product_id: ProductId,
    /,
    *,
    name: Annotated[str | None, Parameter(help="What it is called from now on.")] = None,
    active: Annotated[
        bool | None,
        Parameter(name="--active", negative="--inactive", help="Whether it may be recommended anew."),
    ] = None,
    program: Program = None,
    data: Data = None,
) -> None:
    """Rename a product, or switch it. What is shared already goes on when it is inactive."""
    import asyncio

    from regulars.cli.product_changes import change_product

    asyncio.run(change_product(product_id, name, active, program, data))
