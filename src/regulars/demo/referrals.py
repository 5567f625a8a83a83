"""The demo's web shop: products, members who recommend them, and what came of it in the last months.

All of it can be done again and is then what it was: RIDs are those of before, devices that clicked do not
count again, orders have ids of their own, and what was spent has a claim.
"""

from datetime import datetime, timedelta
from random import Random
from secrets import token_hex
from uuid import UUID

import jwt
from msgspec import Struct

from regulars.db.database import Connection, Database
from regulars.demo.state import ShopState, begin, has_begun, mark, state_in
from regulars.demo.unhurried import unhurried
from regulars.features.access import actions as access
from regulars.features.access.model import Program
from regulars.features.access.sealing import SettingSeal
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import AccountReference, Attribution, Claim, Redeem
from regulars.features.members import actions as members
from regulars.features.referrals import actions as referrals
from regulars.features.referrals.actions import SourceHashes
from regulars.features.referrals.model import Checkout, Ending, Product, Purchase, Source
from regulars.http.token_issuers import secret_setting

SEED = 20_250_923
COMPLETE = "demo.shop_complete"
SHOPPER_KIND = "shopper"
_SECRET = secret_setting("fittwin")
ISSUER, AUDIENCE = "https://login.demo.example", "regulars-demo"
SHOP_URL = "https://shop.demo.example"
TOKEN_LIFETIME = timedelta(days=365)

SHOPPERS = {
    "SHOPPER": "0197c1a2-5b7e-7c11-9d5a-0000000000a1",
    "SHOPPER_2": "0197c1a2-5b7e-7c11-9d5a-0000000000a2",
}
"""Who has a token in demo.env. They have recommended nothing yet: whoever tries the demo begins with them."""

PRODUCTS = {
    "0197c1a2-5b7e-7c11-9d5a-0000000000f1": ("denim-jacket", "Denim jacket"),
    "0197c1a2-5b7e-7c11-9d5a-0000000000f2": ("linen-shirt", "Linen shirt"),
    "0197c1a2-5b7e-7c11-9d5a-0000000000f3": ("wool-coat", "Wool coat"),
    "0197c1a2-5b7e-7c11-9d5a-0000000000f4": ("rain-boots", "Rain boots"),
    "0197c1a2-5b7e-7c11-9d5a-0000000000f5": ("silk-scarf", "Silk scarf"),
    "0197c1a2-5b7e-7c11-9d5a-0000000000f6": ("canvas-bag", "Canvas bag"),
}
PRODUCT_IDS = list(PRODUCTS)
REFERRERS = 8
_BEGAN_DAYS_AGO = (96, 64, 32, 12)
"""When each member began to recommend another product."""
_PRICES = (4900, 8900, 12900, 21900)


class _Sharer(Struct, frozen=True):
    """A member who recommends, under the shop's id."""

    number: int
    user_id: str
    member_id: UUID


def shop_variables(program: Program, secret_key: str, now: datetime) -> dict[str, str]:
    """What demo.env says of the shop: its products, and shoppers with tokens that are good for a year."""
    secret = _SECRET.read_from(SettingSeal(secret_key).opened(program))
    assert secret, "the shop was filled, and has one"
    claims = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + TOKEN_LIFETIME}
    variables = {"PRODUCT_ID": PRODUCT_IDS[0], "PRODUCT_2_ID": PRODUCT_IDS[1]}
    for name, user_id in SHOPPERS.items():
        variables[f"{name}_USER_ID"] = user_id
        variables[f"{name}_TOKEN"] = jwt.encode({**claims, "sub": user_id}, secret, algorithm="HS256")
    return variables


async def fill_shop(database: Database, program: Program, secret_key: str, now: datetime) -> Program:
    """The program with its shop, as it has become until the day on which this was first called."""
    if not has_begun(program, ShopState):
        async with database.transaction() as connection:
            program = await _open_shop(connection, program, now)
    program = await _with_secret(database, program, SettingSeal(secret_key), now)
    state = state_in(program, ShopState)
    if state.shop_complete:
        return program
    until = state.shop_until
    trade = _Trade(program, SourceHashes(secret_key, program.program_id), until)
    async with database.connection() as connection, unhurried(connection):
        sharers = [await trade.enrol(connection, number) for number in range(REFERRERS)]
        for sharer in sharers:
            await trade.recommend(connection, sharer)
        await trade.cheat(connection, sharers[0])
    await referrals.mature_due(database, lambda: until)
    await trade.spend(database, sharers[:3])
    await referrals.note_spent(database, lambda: until)
    return await mark(database, program, COMPLETE, now)


async def _open_shop(connection: Connection, program: Program, now: datetime) -> Program:
    for product_id, (slug, name) in PRODUCTS.items():
        await referrals.add_product(
            connection, program.program_id, slug=slug, name=name, product_id=UUID(product_id), now=now
        )
    settings = {
        "fittwin.jwt_issuer": ISSUER,
        "fittwin.jwt_audience": AUDIENCE,
        "referrals.shop_url": SHOP_URL,
    }
    program = await access.update_program_settings(connection, program.program_id, settings, now=now)
    return await begin(connection, program, "shop", "small", now)


async def _with_secret(database: Database, program: Program, seal: SettingSeal, now: datetime) -> Program:
    """The program with a secret of its issuer, a new one where the secret key is not the one before."""
    if _SECRET.read_from(seal.opened(program)):
        return program
    settings = {_SECRET.name: token_hex(32)}
    async with database.transaction() as connection:
        return await access.update_program_settings(
            connection, program.program_id, settings, seal=seal, now=now
        )


class _Trade:
    """What happens in the shop."""

    def __init__(self, program: Program, hashes: SourceHashes, until: datetime) -> None:
        self._program, self._hashes, self._until = program, hashes, until
        self._random = Random(SEED)

    async def enrol(self, connection: Connection, number: int) -> _Sharer:
        """The member, new or known."""
        user_id = f"demo-shopper-{number + 1}"
        async with connection.transaction():
            member, _ = await members.enrol_or_find(
                connection, self._program.program_id, SHOPPER_KIND, user_id, name="", now=self._until
            )
        return _Sharer(number, user_id, member.member_id)

    async def recommend(self, connection: Connection, sharer: _Sharer) -> None:
        """Products are recommended one after the other, clicked on, bought, and now and then returned."""
        for turn, days_ago in enumerate(_BEGAN_DAYS_AGO):
            product = await self._product(connection, 2 + (sharer.number + turn) % len(_BEGAN_DAYS_AGO))
            began = self._until - timedelta(days=days_ago, hours=sharer.number)
            rid = await self._create(connection, sharer, product, began)
            for click in range(self._random.randrange(3, 12)):
                device = self._hashes.device(f"{sharer.number}-{turn}-{click}")
                assert device is not None
                at = began + timedelta(hours=7 * click + 1)
                await referrals.click(connection, self._program.program_id, rid, device, at)
            for order in range(self._random.randrange(1, 4)):
                order_id = f"demo-order-{sharer.number}-{turn}-{order}"
                at = began + timedelta(days=order + 1)
                await self._buy(connection, rid, order_id, order_id, at)
                if self._random.random() < 0.15:
                    await self._return(connection, order_id, at + timedelta(days=2))

    async def cheat(self, connection: Connection, sharer: _Sharer) -> None:
        """One device buys for four people, and the owner buys by the own link: both wait for an operator."""
        product = await self._product(connection, 0)
        began = self._until - timedelta(days=3)
        rid = await self._create(connection, sharer, product, began)
        for number in range(4):
            order_id = f"demo-farm-{number}"
            await self._buy(connection, rid, order_id, "one device", began + timedelta(hours=number))
        await self._ask(connection, rid, "demo-own-order", sharer.user_id, "a phone", began)

    async def spend(self, database: Database, sharers: list[_Sharer]) -> None:
        """Some have bought something for their credit."""
        commands = [
            Redeem(
                account=AccountReference(sharer.member_id, referrals.credit_asset("USD")),
                action="redeem_credit",
                attribution=Attribution("demo"),
                claim=Claim("demo.referrals", str(sharer.member_id), b"spent"),
                amount=1000,
            )
            for sharer in sharers
        ]
        ledger = Ledger(database, lambda: self._until)
        await ledger.post_batch(self._program.program_id, commands)
        await ledger.close()

    async def _product(self, connection: Connection, number: int) -> Product:
        product_id = UUID(PRODUCT_IDS[number])
        product = await referrals.find_product(connection, self._program.program_id, product_id)
        assert product is not None, "the shop was opened with it"
        return product

    async def _create(self, connection: Connection, sharer: _Sharer, product: Product, at: datetime) -> str:
        source = Source(person=self._hashes.person(sharer.user_id))
        referral, _ = await referrals.create(
            connection, self._program, sharer.member_id, product, "social", source, at
        )
        return referral.rid

    async def _ask(
        self, connection: Connection, rid: str, order_id: str, buyer: str, device: str, at: datetime
    ) -> bool:
        source = Source(
            self._hashes.person(buyer), self._hashes.device(device), self._hashes.address(order_id)
        )
        verdict = await referrals.validate(connection, self._program, Checkout(rid, order_id, source), at)
        return verdict.valid

    async def _buy(self, connection: Connection, rid: str, order_id: str, device: str, at: datetime) -> None:
        total = self._random.choice(_PRICES)
        if await self._ask(connection, rid, order_id, f"buyer of {order_id}", device, at):
            purchase = Purchase(rid, order_id, total, "USD", delivered_at=at + timedelta(days=3))
            await referrals.attribute(connection, self._program, purchase, at)

    async def _return(self, connection: Connection, order_id: str, at: datetime) -> None:
        await referrals.return_order(
            connection, self._program.program_id, order_id, Ending.REFUNDED, lambda: at
        )
