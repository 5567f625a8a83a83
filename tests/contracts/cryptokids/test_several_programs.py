"""Two families on one server: a QR code leads to the family that made it, whoever opens it."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from regulars.contracts.cryptokids.context import ADMIN_SCOPE, CHILD_SCOPE
from regulars.features.access import actions as access
from regulars.features.access.actions_credentials import issue_credential
from regulars.features.members import actions as members
from regulars.features.rewards import actions as rewards
from tests.support.family import SECRET_KEY, Answer, Family, ok, refused
from tests.support.ledger import NOW


class Neighbours(msgspec.Struct):
    """The second program of the server, with a child named leo too."""

    home: Family
    program_id: int
    admin: dict[str, str]
    device: dict[str, str]
    reward_id: int
    template_id: int

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
        """The answer to a POST, by default with the neighbours' admin key and role."""
        sent = self.admin if headers is None else headers
        return await self.home.client.post(path, json=body, headers=sent)

    async def balance(self) -> int:
        """The balance of the neighbours' leo."""
        answer = ok(await self.home.client.get("/balance/leo", headers=self.admin))
        return int(answer["balance"])

    async def tokens(self) -> dict[str, dict[str, Any]]:
        """One token of each kind, as they were answered; leo has 20 points afterwards."""
        ok(await self.post("/ck/earn", {"user_id": "leo", "amount": 20}))
        templates = [{"id": self.template_id, "count": 2}]
        return {
            "give": ok(await self.post("/api/tokens/give", {"userId": "leo", "amount": 4})),
            "earn": ok(await self.post("/api/tokens/earn", {"userId": "leo", "templates": templates})),
            "spend": ok(await self.post("/api/holds", {"userId": "leo", "itemId": self.reward_id}), 201),
        }


async def settle_in(home: Family, **settings: Any) -> Neighbours:
    """The neighbours, in a program that is not the first."""
    async with home.database.transaction() as connection:
        program = await access.create_program(
            connection, slug="others", name="Others", currency="EUR", time_zone="UTC", now=NOW
        )
        program_id = program.program_id
        changes = {f"cryptokids.{name}": value for name, value in settings.items()}
        await access.update_program_settings(connection, program_id, changes, now=NOW)
        leo = await members.enrol(
            connection, program_id, name="Leo", identifiers=[("handle", "leo", None)], now=NOW
        )
        # Numbers are counted in each program, so these have to differ from the first family's on purpose.
        await rewards.create_reward(connection, program_id, name="Book", cost=2, now=NOW)
        reward = await rewards.create_reward(connection, program_id, name="Zoo", cost=7, now=NOW)
        await rewards.create_template(connection, program_id, title="Car", points=8, now=NOW)
        template = await rewards.create_template(connection, program_id, title="Garden", points=9, now=NOW)
        admin = await issue_credential(
            connection, SECRET_KEY, program_id, name="admin", scopes={ADMIN_SCOPE}, now=NOW
        )
        device = await issue_credential(
            connection, SECRET_KEY, program_id, name="device", scopes={CHILD_SCOPE},
            member_id=leo.member_id, now=NOW,
        )  # fmt: skip
    return Neighbours(
        home,
        program_id,
        {"X-Admin-Key": admin.key, "X-Actor-Role": "admin"},
        {"Authorization": f"Bearer {device.key}"},
        reward.reward_id,
        template.template_id,
    )


SHOWN = {"give": "4 points", "earn": "18 points for leo?", "spend": "Zoo"}


async def page_at(home: Family, qr_text: str, headers: dict[str, str] | None = None) -> Answer:
    """The page that a QR code leads to."""
    address = urlsplit(qr_text)
    return await home.client.get(f"{address.path}?{address.query}", headers=headers or {})


@pytest.mark.parametrize("kind", SHOWN)
async def test_a_code_opens_on_a_device_that_nobody_knows(home: Family, kind: str) -> None:
    await check_that_it_opens(home, kind)


@pytest.mark.parametrize("kind", SHOWN)
async def test_a_code_opens_in_production_too(production: Family, kind: str) -> None:
    await check_that_it_opens(production, kind)


async def check_that_it_opens(home: Family, kind: str) -> None:
    """The page of the neighbours' token shows what is theirs, at the address that the contract publishes."""
    neighbours = await settle_in(home)
    token = (await neighbours.tokens())[kind]
    assert list(parse_qs(urlsplit(token["qrText"]).query)) == ["t"]
    answer = await page_at(home, token["qrText"])
    assert answer.status_code == 200, answer.text
    assert SHOWN[kind] in answer.text
    assert f'data-token="{token["token"]}"' in answer.text


async def test_the_page_asks_the_neighbours_ledger_not_the_first_familys(home: Family) -> None:
    """Without a key for the gift, with the neighbours' key for the rest, as the page's script does."""
    neighbours = await settle_in(home)
    tokens = await neighbours.tokens()
    for kind, headers, balance in (
        ("give", {}, 24),
        ("earn", neighbours.admin, 42),
        ("spend", neighbours.admin, 35),
    ):
        page = (await page_at(home, tokens[kind]["qrText"])).text
        found = re.search(r'data-post="([^"]+)" data-token="([^"]+)"', page)
        assert found is not None
        answer = ok(await neighbours.post(found[1], {"token": found[2]}, headers))
        assert answer["balance"] == balance == await neighbours.balance()
    assert await home.rows() == 0
    assert "35" in (await page_at(home, tokens["spend"]["qrText"])).text


async def test_a_gift_is_collected_once_whoever_brings_it(home: Family) -> None:
    neighbours = await settle_in(home)
    token = {"token": (await neighbours.tokens())["give"]["token"]}
    ok(await neighbours.post("/api/earn/scan", token, {}))
    for headers in ({}, neighbours.device, neighbours.admin):
        refused(await neighbours.post("/api/earn/scan", token, headers), 409, "TOKEN_USED")
    assert await neighbours.balance() == 24


async def test_an_earn_token_without_a_key_still_needs_one(home: Family) -> None:
    neighbours = await settle_in(home)
    token = {"token": (await neighbours.tokens())["earn"]["token"]}
    answer = refused(await neighbours.post("/api/earn/scan", token, {}), 403, "ADMIN_REQUIRED")
    assert answer["balance"] == 20


async def test_a_token_expires_in_its_own_program(home: Family) -> None:
    neighbours = await settle_in(home, token_lifetime_seconds=1000)
    token = (await neighbours.tokens())["give"]
    home.clock.advance(seconds=999)
    assert (await page_at(home, token["qrText"])).status_code == 200
    home.clock.advance(seconds=1)
    assert "too old" in (await page_at(home, token["qrText"])).text
    refused(await neighbours.post("/api/earn/scan", {"token": token["token"]}, {}), 400, "EXPIRED")


async def test_a_key_or_a_device_says_which_program_whatever_a_token_says(home: Family) -> None:
    """A credential of one program never acts in another."""
    neighbours = await settle_in(home)
    tokens = await neighbours.tokens()
    own = ok(await home.post("/api/tokens/give", {"userId": "leo", "amount": 4}))
    for key in ("admin", "parent", "leo"):
        scanned = await home.post("/api/earn/scan", {"token": tokens["give"]["token"]}, key=key)
        refused(scanned, 400, "BAD_SIGNATURE")
    for headers in (neighbours.admin, neighbours.device):
        refused(
            await neighbours.post("/api/earn/scan", {"token": own["token"]}, headers), 400, "BAD_SIGNATURE"
        )
    approval = f"/api/holds/{tokens['spend']['holdId']}/approve"
    refused(await home.post(approval, {"token": tokens["spend"]["token"]}), 400, "BAD_SIGNATURE")
    assert (await page_at(home, tokens["spend"]["qrText"], home.headers("leo"))).status_code == 400
    assert (await page_at(home, own["qrText"], neighbours.device)).status_code == 400
    assert await home.rows() == 0
    assert await neighbours.balance() == 20


async def test_a_program_that_wants_keys_is_not_entered_without_one(production: Family) -> None:
    """The first family has switched `keyless` on, the neighbours have not."""
    await production.set(keyless=True)
    neighbours = await settle_in(production)
    token = {"token": (await neighbours.tokens())["give"]["token"]}
    refused(await neighbours.post("/api/earn/scan", token, {}), 401, "UNAUTHORIZED")
    assert ok(await neighbours.post("/api/earn/scan", token, neighbours.device))["balance"] == 24


async def test_a_second_program_may_be_keyless_too(production: Family) -> None:
    await production.set(keyless=True)
    neighbours = await settle_in(production, keyless=True)
    token = {"token": (await neighbours.tokens())["give"]["token"]}
    assert ok(await neighbours.post("/api/earn/scan", token, {}))["balance"] == 24


async def test_a_token_that_names_a_program_without_its_signature(home: Family) -> None:
    """The name only says whose key to look at."""
    neighbours = await settle_in(home)
    foreign = (await neighbours.tokens())["give"]["token"]
    own = ok(await home.post("/api/tokens/give", {"userId": "leo", "amount": 4}))["token"]
    for forged in (
        f"{foreign.partition('.')[0]}.{own.partition('.')[2]}",
        f"{own.partition('.')[0]}.{foreign.partition('.')[2]}",
    ):
        refused(await neighbours.post("/api/earn/scan", {"token": forged}, {}), 400, "BAD_SIGNATURE")
        assert (await page_at(home, f"/scan?t={forged}")).status_code == 400
