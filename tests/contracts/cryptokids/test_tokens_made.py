"""Making tokens, and quick earns: what their bodies must say."""

import pytest

from regulars.features.rewards import actions as rewards
from tests.support.family import Family, ok, refused
from tests.support.family_acts import change_template, give_token, scan
from tests.support.ledger import NOW

NOW_SECONDS = int(NOW.timestamp())


async def test_nobody_is_enrolled_where_the_program_does_not_want_it(home: Family) -> None:
    token = await give_token(home, userId="ada")
    await home.set(enrol_on_earn=False)
    refused(await scan(home, token), 400, "INVALID_USER")
    for path in ("/api/tokens/give", "/api/tokens/earn"):
        body = {"userId": "ada", "amount": 1, "templates": [{"id": home.template_id}]}
        refused(await home.post(path, body), 400, "INVALID_USER")
    quick = {"userId": "ada", "templateId": home.template_id}
    refused(await home.post("/api/earn/quick", quick), 400, "INVALID_USER")


@pytest.mark.parametrize("user_id", [None, "", "  ", 5, ["leo"], "a\0b"])
@pytest.mark.parametrize("path", ["/api/tokens/earn", "/api/tokens/give", "/api/earn/quick"])
async def test_a_payload_without_a_user(home: Family, path: str, user_id: object) -> None:
    templates = [{"id": home.template_id, "count": 1}]
    body = {"userId": user_id, "templates": templates, "amount": 1, "templateId": home.template_id}
    refused(await home.post(path, body), 400, "invalid_payload")


@pytest.mark.parametrize("user_id", ["a\nb", "x" * 65])
@pytest.mark.parametrize("path", ["/api/tokens/earn", "/api/tokens/give", "/api/earn/quick"])
async def test_what_can_be_nobodys_user_id(home: Family, path: str, user_id: str) -> None:
    templates = [{"id": home.template_id, "count": 1}]
    body = {"userId": user_id, "templates": templates, "amount": 1, "templateId": home.template_id}
    refused(await home.post(path, body), 400, "INVALID_USER")


@pytest.mark.parametrize(
    "templates",
    [
        None,
        [],
        {},
        "1",
        [1],
        [{}],
        [{"id": "x"}],
        [{"id": 1.0}],
        [{"id": True}],
        [{"id": 1, "count": 0}],
        [{"id": 1, "count": -1}],
        [{"id": 1, "count": "2"}],
        [{"id": 1, "count": 1.0}],
        [{"id": 1, "count": 1001}],
        [{"id": 1, "count": 600}, {"id": 1, "count": 600}],
        [{"id": n, "count": 1} for n in range(1, 60)],
    ],
)
async def test_templates_that_cannot_be_counted(home: Family, templates: object) -> None:
    await home.earn(5)
    body = {"userId": "leo", "templates": templates}
    answer = refused(await home.post("/api/tokens/earn", body, key=None), 400, "invalid_templates")
    assert answer["balance"] == 5
    without = await home.post("/api/tokens/earn", {"userId": "leo"}, key=None)
    refused(without, 400, "invalid_templates")


async def test_templates_that_do_not_exist(home: Family) -> None:
    body = {"userId": "leo", "templates": [{"id": 999}]}
    answer = refused(await home.post("/api/tokens/earn", body, key=None), 400, "TEMPLATE_MISSING")
    assert answer["templateId"] == 999
    await change_template(home, active=False)
    body = {"userId": "leo", "templates": [{"id": home.template_id}]}
    refused(await home.post("/api/tokens/earn", body, key=None), 400, "TEMPLATE_MISSING")


@pytest.mark.parametrize("amount", [None, 0, -1, 1.0, "4", True, 2**53])
async def test_a_gift_is_an_amount(home: Family, amount: object) -> None:
    body = {"userId": "leo", "amount": amount}
    assert refused(await home.post("/api/tokens/give", body), 400, "INVALID_AMOUNT")["balance"] == 0


async def test_a_token_with_all_that_it_may_hold_fits_a_qr_code(home: Family) -> None:
    ids = []
    async with home.database.transaction() as connection:
        for number in range(50):
            template = await rewards.create_template(
                connection, home.program_id, title=f"T{number}", points=1, now=NOW
            )
            ids.append(template.template_id)
    body = {"userId": "leo", "templates": [{"id": n, "count": 1000} for n in ids], "note": "n" * 200}
    answer = ok(await home.post("/api/tokens/earn", body, key=None))
    assert answer["total"] == 50_000
    assert len(answer["qrText"]) <= 2953
    ok(await scan(home, answer["token"]))
    too_much = await home.post("/api/tokens/earn", {**body, "note": "\U0001f600" * 200}, key=None)
    refused(too_much, 400, "invalid_payload")


async def test_quick_earn(home: Family) -> None:
    body = {"userId": "leo", "templateId": str(home.template_id), "note": "Well done"}
    answer = ok(await home.post("/api/earn/quick", body, role=None))
    counted = [{"id": home.template_id, "title": "Dishes", "points": 3, "count": 1}]
    assert list(answer)[7:] == ["userId", "amount", "templates"]
    assert (answer["verb"], answer["action"], answer["userId"]) == ("earn", "earn_admin_quick", "leo")
    assert (answer["amount"], answer["balance"], answer["tx"]["note"]) == (3, 3, "Well done")
    assert answer["templates"] == answer["tx"]["templates"] == counted
    twin = {"user_id": "leo", "template_id": home.template_id}
    assert ok(await home.post("/api/earn/quick", twin))["balance"] == 6
    assert ok(await home.post("/api/earn/quick", {**twin, "user_id": "New"}))["userId"] == "new"


@pytest.mark.parametrize("template_id", [None, "", "x", 1.0, True, -1, [], 10**30])
async def test_a_quick_earn_without_a_template(home: Family, template_id: object) -> None:
    body = {"userId": "leo", "templateId": template_id}
    assert refused(await home.post("/api/earn/quick", body), 400, "invalid_payload")["balance"] == 0


async def test_a_quick_earn_by_an_unknown_template(home: Family) -> None:
    body = {"userId": "leo", "templateId": 999}
    assert refused(await home.post("/api/earn/quick", body), 404, "template_not_found")["balance"] == 0
    await change_template(home, active=False)
    body = {"userId": "leo", "templateId": home.template_id}
    refused(await home.post("/api/earn/quick", body), 404, "template_not_found")
