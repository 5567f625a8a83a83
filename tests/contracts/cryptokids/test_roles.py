"""Who may do what: every route of the ledger against every kind of caller."""

import pytest

from tests.support.family import Family, ok, refused

ROLE_ROUTES = ["/ck/earn", "/ck/redeem", "/ck/adjust", "/ck/refund", "/api/holds/x/cancel"]
KEY_ROUTES = ["/api/holds/x/approve", "/api/earn/quick", "/api/tokens/give"]
CHILD_ROUTES = ["/api/holds", "/api/earn/scan", "/api/tokens/earn"]
BODY = {"user_id": "leo", "userId": "leo", "amount": 1, "delta": 1}


@pytest.mark.parametrize("path", ROLE_ROUTES + KEY_ROUTES)
async def test_a_missing_key_is_a_401_in_development_too(home: Family, path: str) -> None:
    answer = await home.post(path, BODY, key=None)
    assert refused(answer, 401, "UNAUTHORIZED") == {"error": "UNAUTHORIZED"}


@pytest.mark.parametrize("key", ["", "x", "x" * 64, "x" * 5000, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 64])
@pytest.mark.parametrize("path", ["/ck/earn", "/api/holds/x/approve"])
async def test_a_wrong_key_is_a_401(home: Family, path: str, key: str) -> None:
    headers = {"X-Admin-Key": key.encode()}
    refused(await home.post(path, BODY, key=None, headers=headers), 401, "UNAUTHORIZED")


async def test_a_missing_key_to_the_list_of_holds_is_a_401(home: Family) -> None:
    refused(await home.get("/api/holds", key=None), 401, "UNAUTHORIZED")
    refused(await home.get("/api/holds", key="leo"), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("path", ROLE_ROUTES + KEY_ROUTES)
async def test_a_childs_device_token_is_no_admin_key(home: Family, path: str) -> None:
    refused(await home.post(path, BODY, key="leo"), 401, "UNAUTHORIZED")
    headers = {"X-Admin-Key": home.keys["leo"]}
    refused(await home.post(path, BODY, key=None, headers=headers), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("role", [None, "", "parent", "child", "root", "admin,parent", "админ".encode()])
@pytest.mark.parametrize("path", ROLE_ROUTES[:4])
async def test_a_missing_or_wrong_role_is_a_403(home: Family, path: str, role: str | bytes | None) -> None:
    headers = {} if role is None else {"X-Actor-Role": role}
    body = refused(await home.post(path, BODY, role=None, headers=headers), 403, "ROLE_REQUIRED")
    assert body["requiredRole"] == "admin"
    assert (body["balance"], body["hints"]["max_redeem"]) == (0, 0)
    assert await home.rows() == 0


@pytest.mark.parametrize("path", ROLE_ROUTES)
async def test_a_parents_key_stays_a_parents_whatever_the_header_says(home: Family, path: str) -> None:
    for role in ("admin", "parent", None):
        body = refused(await home.post(path, BODY, key="parent", role=role), 403, "ROLE_REQUIRED")
        assert body["requiredRole"] == "admin"


async def test_a_role_may_be_written_in_capitals(home: Family) -> None:
    ok(await home.post("/ck/earn", BODY, role="ADMIN"))


async def test_cancel_says_hints_of_the_holds_owner_with_a_wrong_role(home: Family) -> None:
    await home.earn(10)
    hold = await home.reserve()
    answer = await home.post(f"/api/holds/{hold['holdId']}/cancel", {}, role="parent")
    body = refused(answer, 403, "ROLE_REQUIRED")
    assert (body["requiredRole"], body["balance"], body["hints"]["pending_hold_count"]) == ("admin", 10, 1)


async def test_routes_without_a_role_take_a_parents_key(home: Family) -> None:
    await home.earn(10)
    hold = await home.reserve()
    approve = f"/api/holds/{hold['holdId']}/approve"
    ok(await home.post(approve, {"token": hold["token"]}, key="parent", role=None))
    quick = {"userId": "leo", "templateId": home.template_id}
    ok(await home.post("/api/earn/quick", quick, key="parent", role=None))
    ok(await home.post("/api/tokens/give", {"userId": "leo", "amount": 1}, key="parent", role=None))
    ok(await home.post("/ck/earn", BODY))
    assert (await home.get("/api/holds", key="parent")).json() == []


@pytest.mark.parametrize("path", CHILD_ROUTES)
async def test_in_production_the_childs_routes_need_a_device_token(production: Family, path: str) -> None:
    refused(await production.post(path, BODY, key=None), 401, "UNAUTHORIZED")
    headers = {"Authorization": "Bearer " + "x" * 64}
    refused(await production.post(path, BODY, key=None, headers=headers), 401, "UNAUTHORIZED")
    assert (await production.post(path, BODY, key="leo")).status_code == 400


@pytest.mark.parametrize("path", CHILD_ROUTES)
async def test_a_program_can_open_the_childs_routes_in_production(production: Family, path: str) -> None:
    await production.set(keyless=True)
    assert (await production.post(path, {}, key=None)).status_code == 400
    await production.set(keyless="true")
    refused(await production.post(path, {}, key=None), 401, "UNAUTHORIZED")


async def test_a_device_token_reserves_for_its_own_child_only(production: Family) -> None:
    await production.earn(10, "leo")
    await production.earn(10, "maya")
    wish = {"userId": "leo", "itemId": production.reward_id}
    foreign = refused(await production.post("/api/holds", wish, key="maya"), 400, "INVALID_USER")
    unknown = refused(
        await production.post("/api/holds", {**wish, "userId": "x"}, key="maya"), 400, "INVALID_USER"
    )
    assert foreign == unknown == {"error": "INVALID_USER"}
    assert ok(await production.post("/api/holds", wish, key="leo"), 201)["tx"]["actor"] == "child"


async def test_a_device_token_makes_and_scans_tokens_of_its_own_child_only(production: Family) -> None:
    chores = {"userId": "leo", "templates": [{"id": production.template_id}]}
    refused(await production.post("/api/tokens/earn", chores, key="maya"), 400, "INVALID_USER")
    refused(
        await production.post("/api/tokens/earn", {**chores, "userId": "new"}, key="maya"),
        400,
        "INVALID_USER",
    )
    ok(await production.post("/api/tokens/earn", chores, key="leo"))
    gift = ok(await production.post("/api/tokens/give", {"userId": "leo", "amount": 2}))
    foreign = await production.post("/api/earn/scan", {"token": gift["token"]}, key="maya")
    assert refused(foreign, 400, "INVALID_USER") == {"error": "INVALID_USER"}
    assert ok(await production.post("/api/earn/scan", {"token": gift["token"]}, key="leo"))["balance"] == 2


async def test_a_device_token_works_as_a_cookie_but_not_from_another_site(production: Family) -> None:
    chores = {"userId": "leo", "templates": [{"id": production.template_id}]}
    headers = {"Cookie": f"cryptokids_device={production.keys['leo']}", "Origin": "http://family.test"}
    ok(await production.post("/api/tokens/earn", chores, key=None, headers=headers))
    headers["Origin"] = "http://evil.test"
    refused(await production.post("/api/tokens/earn", chores, key=None, headers=headers), 401, "UNAUTHORIZED")


async def test_an_admin_key_beside_a_device_token_counts_first(production: Family) -> None:
    chores = {"userId": "maya", "templates": [{"id": production.template_id}]}
    both = {"Authorization": f"Bearer {production.keys['leo']}"}
    ok(await production.post("/api/tokens/earn", chores, headers=both))


async def test_the_name_of_an_actor_counts_only_beside_an_admin_key(home: Family) -> None:
    await home.earn(10)
    wish = {"userId": "leo", "itemId": home.reward_id}
    answer = await home.post("/api/holds", wish, key=None, headers={"X-Admin-Actor": "Mum"})
    assert ok(answer, 201)["tx"]["actor"] == "child"


async def test_unknown_addresses_and_methods_are_in_the_envelope(home: Family) -> None:
    refused(await home.post("/ck/nothing", {}), 404, "NOT_FOUND")
    refused(await home.get("/ck/earn"), 405, "METHOD_NOT_ALLOWED")
