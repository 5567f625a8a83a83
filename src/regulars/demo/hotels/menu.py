"""What the demo's hotels sell, and what a table orders."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from random import Random

import msgspec

from regulars.demo.hotels.places import HIGH_STREET, NUMBER_FOUR
from regulars.features.sales.model import SaleItem, StockType


class Meal(StrEnum):
    """What a guest comes for."""

    LUNCH = "lunch"
    SUPPER = "supper"
    LATE = "late"


class Product(msgspec.Struct, frozen=True):
    """Something to eat or drink, with its price in pence."""

    name: str
    group: str
    price: int


class Menu(msgspec.Struct, frozen=True):
    """What a hotel has: drinks are wet, the rest is dry."""

    drinks: tuple[Product, ...]
    mains: tuple[Product, ...]
    extras: tuple[Product, ...]


MENUS = {
    HIGH_STREET.slug: Menu(
        drinks=(
            Product("Guinness", "Drinks", 550),
            Product("Landlord Pale Ale", "Drinks", 480),
            Product("Dry Cider", "Drinks", 465),
            Product("Pilsner", "Drinks", 520),
            Product("House Red, 175 ml", "Wine", 620),
            Product("House White, 175 ml", "Wine", 620),
            Product("Gin & Tonic", "Spirits", 780),
            Product("Lime & Soda", "Soft drinks", 210),
            Product("Pot of Tea", "Hot drinks", 320),
            Product("Flat White", "Hot drinks", 365),
        ),
        mains=(
            Product("Fish & Chips", "Mains", 1495),
            Product("Steak & Ale Pie", "Mains", 1575),
            Product("Mushroom Risotto", "Mains", 1350),
            Product("Chicken Tikka Masala", "Mains", 1425),
            Product("Ploughman's Lunch", "Mains", 1150),
            Product("Beef Burger", "Mains", 1395),
        ),
        extras=(
            Product("Soup of the Day", "Starters", 695),
            Product("Bowl of Chips", "Sides", 450),
            Product("Sticky Toffee Pudding", "Puddings", 745),
            Product("Apple Crumble", "Puddings", 695),
        ),
    ),
    NUMBER_FOUR.slug: Menu(
        drinks=(
            Product("Guinness", "Drinks", 590),
            Product("Small Batch Lager", "Drinks", 610),
            Product("Picpoul de Pinet, 175 ml", "Wine", 795),
            Product("Malbec, 175 ml", "Wine", 825),
            Product("Prosecco", "Wine", 850),
            Product("Negroni", "Cocktails", 1150),
            Product("Espresso Martini", "Cocktails", 1195),
            Product("Elderflower Pressé", "Soft drinks", 395),
            Product("Espresso", "Hot drinks", 310),
        ),
        mains=(
            Product("Sea Bass Fillet", "Mains", 2195),
            Product("Rump of Lamb", "Mains", 2450),
            Product("Wild Mushroom Pappardelle", "Mains", 1695),
            Product("Duck Confit", "Mains", 2150),
            Product("Club Sandwich", "Mains", 1395),
        ),
        extras=(
            Product("Burrata & Tomatoes", "Starters", 950),
            Product("Sourdough & Olives", "Starters", 625),
            Product("Chocolate Fondant", "Puddings", 895),
            Product("Cheese Board", "Puddings", 1250),
        ),
    ),
}


def order(menu: Menu, meal: Meal, taste: int, random: Random) -> tuple[SaleItem, ...]:
    """The lines of one bill. Two tables of the same `taste` mostly order the same things."""
    party = random.choice((1, 2, 2, 2, 3, 4))
    return (*_drinks(menu, meal, taste, party, random), *_food(menu, meal, taste, party, random))


def _drinks(menu: Menu, meal: Meal, taste: int, party: int, random: Random) -> Iterator[SaleItem]:
    rounds = random.choice((2, 2, 3)) if meal is Meal.LATE else random.choice((1, 1, 2))
    favourite = _choice(menu.drinks, taste, random)
    other = random.choice(menu.drinks)
    half = (party + 1) // 2 if other != favourite else party
    yield _line(favourite, half * rounds, StockType.WET)
    if party > half:
        yield _line(other, (party - half) * rounds, StockType.WET)


def _food(menu: Menu, meal: Meal, taste: int, party: int, random: Random) -> Iterator[SaleItem]:
    if meal is Meal.LATE or random.random() > (0.85 if meal is Meal.LUNCH else 0.7):
        return
    favourite = _choice(menu.mains, taste, random)
    yield _line(favourite, 1, StockType.DRY)
    others = [product for product in menu.mains if product != favourite]
    if party > 1:
        yield _line(random.choice(others), party - 1, StockType.DRY)
    if random.random() < 0.4:
        yield _line(random.choice(menu.extras), random.randint(1, party), StockType.DRY)


def _choice(products: Sequence[Product], taste: int, random: Random) -> Product:
    return products[taste % len(products)] if random.random() < 0.6 else random.choice(products)


def _line(product: Product, quantity: int, stock_type: StockType) -> SaleItem:
    return SaleItem(product.name, Decimal(quantity), stock_type, product.group, product.price)
