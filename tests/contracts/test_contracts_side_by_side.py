"""Contracts that have addresses in common: what is a word of one may be somebody's id in another."""

from pathlib import Path

import pytest

from regulars.app import CONTRACTS
from tests.support.family import family


@pytest.mark.parametrize("name", ["add", "dev", "by-card", "leo"])
async def test_members_may_be_called_like_a_route_of_another_contract(
    database_url: str, tmp_path: Path, name: str
) -> None:
    async with family(database_url, tmp_path, contracts=CONTRACTS, jobs=False) as home:
        admin = home.headers()
        body = {"userId": name, "name": "Leo", "dob": "2017-05-14", "sex": "m"}
        made = await home.client.post("/api/members", json=body, headers=admin)
        assert made.status_code in (201, 409), made.text
        for path in (f"/api/members/{name}", f"/api/members/{name}/"):
            found = await home.client.get(path, headers=admin)
            assert (found.status_code, f'"{name}"' in found.text) == (200, True), found.text
        gone = await home.client.delete(f"/api/members/{name}", headers=admin)
        assert gone.status_code == 200
        # What is Rejoes' stays so, and what is nobody's is refused by whom it lies below.
        assert (await home.client.post("/api/members/add", json={})).json().keys() == {"message"}
        wrong = await home.client.put(f"/api/members/{name}", json={}, headers=admin)
        assert wrong.status_code == 405
        options = await home.client.options(f"/api/members/{name}", headers=admin)
        assert options.status_code == 204
        deep = await home.client.get(f"/api/members/{name}/x/y", headers=admin)
        assert deep.status_code == 404
