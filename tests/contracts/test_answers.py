"""What surrounds every answer: marks, request ids, and the headers of pages, files and redirects."""

import pytest

from tests.support.shop import Shop


async def test_answers_are_marked_and_neither_kept_nor_guessed_at(shop: Shop) -> None:
    answer = await shop.client.get("/till/cards/A1")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]
    assert (await shop.client.get("/nothing")).headers["x-request-id"]


REQUEST_IDS = {
    "sane": ("abc-123.X_y", True),
    "too long": ("a" * 65, False),
    "not sane": ("a b<script>", False),
}


@pytest.mark.parametrize(("given", "kept"), REQUEST_IDS.values(), ids=REQUEST_IDS)
async def test_a_sane_request_id_is_kept(shop: Shop, given: str, kept: bool) -> None:
    answer = await shop.client.get("/till/cards/A1", headers={"x-request-id": given})
    assert (answer.headers["x-request-id"] == given) is kept


async def test_request_ids_differ(shop: Shop) -> None:
    ids = {(await shop.client.get("/healthz")).headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


async def test_pages_cannot_be_framed_and_load_nothing_from_elsewhere(shop: Shop) -> None:
    answer = await shop.client.get("/till/show/page")
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_other_kinds_of_answers(shop: Shop) -> None:
    text = await shop.client.get("/till/show/text")
    assert text.headers["content-disposition"] == 'attachment; filename="his_tory__.csv"'
    stream = await shop.client.get("/till/show/stream")
    assert (stream.text, stream.headers["x-content-type-options"]) == ("a,b\n1,2\n", "nosniff")
    redirect = await shop.client.get("/till/show/redirect", follow_redirects=False)
    assert redirect.status_code == 302
    assert "set-cookie" not in redirect.headers


async def test_head_is_answered_like_get_and_options_with_the_methods(shop: Shop) -> None:
    assert (await shop.client.head("/till/cards/A1")).status_code == 200
    options = await shop.client.options("/till/sales")
    assert options.status_code == 204
    assert "POST" in options.headers["allow"]
