"""Ids of others answer exactly like ids that nobody has: of another program, and of another child."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from tests.support.family import Answer, Family, family, ok
from tests.support.family_callers import Headers, callers
from tests.support.family_requests import new_gift, new_hold
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

Request = tuple[str, str, Any]
FROM_ANOTHER_PROGRAM: list[tuple[str, Request]] = [
    # Whose id, and a request in which it stands for the sign *.
    ("user", ("POST", "/ck/earn", {"user_id": "*", "amount": 1})),
    ("user", ("POST", "/ck/redeem", {"user_id": "*", "amount": 1})),
    ("user", ("POST", "/ck/adjust", {"user_id": "*", "delta": 1})),
    ("user", ("POST", "/ck/refund", {"user_id": "*", "amount": 1, "reason": "mis_tap"})),
    ("redeem", ("POST", "/ck/refund",
                {"user_id": "zoe", "redeem_tx_id": "*", "amount": 1, "reason": "mis_tap"})),
    ("user", ("GET", "/ck/ledger/*", None)),
    ("redeem", ("GET", "/ck/ledger/zoe?redeemsBefore=*", None)),
    ("user", ("POST", "/api/holds", {"userId": "*", "itemId": 1})),
    ("reward", ("POST", "/api/holds", {"userId": "zoe", "itemId": "*"})),
    ("hold", ("POST", "/api/holds/*/approve", {"token": "ZOES TOKEN"})),
    ("hold", ("POST", "/api/holds/*/approve", {"token": "LEOS TOKEN"})),
    ("hold", ("POST", "/api/holds/*/cancel", {})),
    ("hold", ("GET", "/api/holds?status=all&before=*", None)),
    ("template", ("POST", "/api/earn/quick", {"userId": "zoe", "templateId": "*"})),
    ("template", ("POST", "/api/tokens/earn", {"userId": "zoe", "templates": [{"id": "*"}]})),
    ("user", ("POST", "/api/tokens/earn", {"userId": "*", "templates": [{"id": 1}]})),
    ("user", ("POST", "/api/tokens/give", {"userId": "*", "amount": 1})),
    ("template", ("PATCH", "/api/earn-templates/*", {"points": 1})),
    ("template", ("DELETE", "/api/earn-templates/*", None)),
    ("reward", ("PATCH", "/api/rewards/*", {"price": 1})),
    ("user", ("GET", "/api/members/*", None)),
    ("user", ("PATCH", "/api/members/*", {"name": "Taken over"})),
    ("user", ("DELETE", "/api/members/*", None)),
    ("user", ("GET", "/api/members?search=*", None)),
    ("user", ("GET", "/api/members?after=*", None)),
    ("user", ("GET", "/api/history?userId=*", None)),
    ("user", ("GET", "/api/history?userId=*&format=csv", None)),
    ("user", ("GET", "/api/history/user/*", None)),
    ("user", ("GET", "/api/history.csv/*", None)),
    ("user", ("GET", "/balance/*", None)),
    ("user", ("GET", "/summary/*", None)),
]  # fmt: skip
FROM_ANOTHER_CHILD: list[tuple[str, Request]] = [
    ("user", ("POST", "/api/holds", {"userId": "*", "itemId": 1})),
    ("user", ("POST", "/api/tokens/earn", {"userId": "*", "templates": [{"id": 1}]})),
    ("user", ("GET", "/api/history/user/*", None)),
    ("user", ("GET", "/api/history.csv/*", None)),
    ("user", ("GET", "/balance/*", None)),
    ("user", ("GET", "/summary/*", None)),
]


class Others(msgspec.Struct, frozen=True):
    """A family in whose program much has happened, and two who may not know of it."""

    home: Family
    admin: Headers
    child: Headers
    known: dict[str, str]
    unknown: dict[str, str]
    tokens: dict[str, str]

    async def ask(self, request: Request, known_or_not: str, headers: Headers) -> tuple[int, str, list[Any]]:
        """Everything that the answer says, with the id itself taken out of it."""
        method, path, body = request
        text = msgspec.json.encode(body).decode().replace("*", known_or_not)
        for name, token in self.tokens.items():
            text = text.replace(name, token)
        answer = await self.home.client.request(
            method, path.replace("*", known_or_not), content=text.encode(), headers=headers
        )
        return anonymous(answer, known_or_not)


def anonymous(answer: Answer, identifier: str) -> tuple[int, str, list[Any]]:
    """Status, body and headers, with neither the id nor what differs from one request to the next."""
    headers = [
        (name, value.replace(identifier, "*"))
        for name, value in answer.headers.items()
        if name not in ("x-request-id", "content-length")
    ]
    return answer.status_code, re.sub(rf"\b{identifier}\b", "*", answer.text), headers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def others(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Others]:
    """In production; zoe is the one member of the other program, with a hold of her own."""
    with postgres.migrated_database() as database_url:
        async with family(database_url, tmp_path_factory.mktemp("family"), mode="production") as home:
            everybody = await callers(home)
            admin = everybody["another program's admin"]
            hold, redeem = await new_hold(home), await _redeem(home)
            known = {"user": "leo", "hold": hold["holdId"], "redeem": redeem} | await _catalogue(home)
            unknown = {
                "user": "nemo",
                "hold": _neighbour(known["hold"]),
                "redeem": _neighbour(known["redeem"]),
                "reward": "777",
                "template": "777",
            }
            tokens = {"LEOS TOKEN": hold["token"], "ZOES TOKEN": await _zoes_token(home, admin)}
            yield Others(home, admin, everybody["other device"], known, unknown, tokens)


def _neighbour(identifier: str) -> str:
    """An id that nobody has, of the same instant: lists are paged by ids, which are in the order of time."""
    return str(UUID(int=UUID(identifier).int + 1))


async def _redeem(home: Family) -> str:
    await home.earn(5)
    return str((await home.redeem(5))["txId"])


async def _catalogue(home: Family) -> dict[str, str]:
    """The reward and the template that came last, because small numbers exist in every program."""
    for name in ("Zoo", "Pool"):
        reward = ok(await home.post("/api/rewards", {"name": name, "cost": 1}), 201)
        template = ok(await home.post("/api/earn-templates", {"title": name, "points": 1}), 201)
    return {"reward": str(reward["id"]), "template": str(template["id"])}


async def _zoes_token(home: Family, admin: Headers) -> str:
    async def post(path: str, body: Any, status: int = 200) -> Any:
        return ok(await home.client.post(path, json=body, headers=admin), status)

    await post("/api/members", {"userId": "zoe", "name": "Zoe"}, 201)
    await post("/api/rewards", {"name": "Hug", "cost": 1}, 201)
    await post("/api/earn-templates", {"title": "Dishes", "points": 1}, 201)
    await post("/ck/earn", {"user_id": "zoe", "amount": 9})
    return str((await post("/api/holds", {"userId": "zoe", "itemId": 1}, 201))["token"])


@pytest.mark.parametrize(("kind", "request_with_id"), FROM_ANOTHER_PROGRAM, ids=str)
async def test_an_id_of_another_program_is_an_unknown_id(
    others: Others, kind: str, request_with_id: Request
) -> None:
    foreign = await others.ask(request_with_id, others.known[kind], others.admin)
    assert foreign == await others.ask(request_with_id, others.unknown[kind], others.admin)
    assert foreign[0] < 500


@pytest.mark.parametrize(("kind", "request_with_id"), FROM_ANOTHER_CHILD, ids=str)
async def test_another_childs_id_is_an_unknown_id_to_a_device(
    others: Others, kind: str, request_with_id: Request
) -> None:
    foreign = await others.ask(request_with_id, others.known[kind], others.child)
    assert foreign == await others.ask(request_with_id, others.unknown[kind], others.child)
    assert foreign[0] < 500


async def test_another_childs_token_is_one_for_nobody_to_a_device(others: Others) -> None:
    home, gift = others.home, await new_gift(others.home)
    made = await home.post("/api/tokens/give", {"userId": others.unknown["user"], "amount": 4})
    answers = [
        await home.client.post("/api/earn/scan", json={"token": token}, headers=others.child)
        for token in (gift, ok(made)["token"])
    ]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (400, {"error": "INVALID_USER"})
    ] * 2
    pages = [
        await home.client.get(f"/scan?t={token}", headers=others.child) for token in (gift, gift[:-1] + "x")
    ]
    assert pages[0].status_code == pages[1].status_code == 400
    assert pages[0].text == pages[1].text


async def test_what_was_asked_for_in_vain_is_untouched(others: Others) -> None:
    home = others.home
    assert ok(await home.get("/api/members/leo"))["name"] == "Leo"
    [hold] = (await home.get("/api/holds")).json()
    assert (hold["id"], hold["status"]) == (others.known["hold"], "pending")
    assert {reward["name"] for reward in (await home.get("/api/rewards")).json()} == {"Cinema", "Pool", "Zoo"}
    assert await home.balance() == 10
