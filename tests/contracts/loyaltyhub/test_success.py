"""Tills search the raw body for `error` before they read it: no success has the word, whatever it shows."""

from datetime import datetime
from typing import Any

import pytest

from regulars.contracts.loyaltyhub.router import CONTRACT
from regulars.http.openapi import documented_routes
from tests.support.guests import Guests
from tests.support.hotels import BASE, HIGH_STREET, Hotels, ok

WORDS = ['x","error":"y', "error", "Terrorist", "\\error", "\\\\error", "errorerror", "\u00e9rror error"]
"""Texts with the word in them, also where the sign before it is one that JSON escapes."""
ADDRESS = "error@example.com"


async def rename_hotel(hub: Hotels, name: str) -> None:
    """The High Street Hotel is called otherwise, at once in this process."""
    location_id = hub.location_ids[HIGH_STREET]
    async with hub.database.connection() as connection:
        await connection.execute(
            "update locations set name = %s where program_id = %s and location_id = %s",
            (name, hub.program_id, location_id),
        )
    hub.services.locations.forget(hub.program_id, location_id)


async def answers(hub: Hotels, guests: Guests, word: str) -> dict[str, Any]:
    """What each route answers when every text that it can show is this one; `ok` looks for the word."""
    await rename_hotel(hub, word)
    asked = {
        "/register": await hub.register(word, email=ADDRESS, rfid_code=word),
        "/identifier/add": await hub.add_fob(1, word + "2", label=word),
    }
    fob = asked["/identifier/add"]["identifier_id"]
    change = {"customer_id": 1, "identifier_id": fob, "new_identifier": word + "3"}
    asked["/identifier/replace"] = ok(await hub.post("/identifier/replace", change))
    await guests.code("ERROR", name=word, description=word, valid_until=datetime(2026, 12, 31))
    asked["/identify"] = ok(await hub.post("/identify", {"identifier": word + "3"}))
    asked["/promos/validate"] = ok(await hub.post("/promos/validate", {"code": "error"}))
    asked["/promos/apply"] = ok(await hub.post("/promos/apply", {"code": "error"}))
    sale = {"customer_id": 1, "total_amount": 1, "ticket_id": word, "promo_code": "error"}
    asked["/transaction"] = ok(await hub.post("/transaction", sale), 201)
    asked["/sync"] = await hub.sync()
    asked["/sync in pages"] = await hub.sync(limit=5)
    return asked


@pytest.mark.parametrize("word", WORDS)
async def test_no_success_has_the_word_and_every_text_is_what_it_was(
    hub: Hotels, guests: Guests, word: str
) -> None:
    asked = await answers(hub, guests, word)
    assert (asked["/register"]["name"], asked["/register"]["home_hotel"]) == (word, word)
    assert (asked["/identifier/add"]["value"], asked["/identifier/add"]["label"]) == (word + "2", word)
    replaced = asked["/identifier/replace"]
    assert (replaced["old_value"], replaced["new_value"], replaced["label"]) == (word + "2", word + "3", word)
    known = asked["/identify"]
    assert (known["name"], known["email"], known["home_hotel"]) == (word, ADDRESS, word)
    assert known["identifier_label"] == known["available_promos"][0]["description"] == word
    assert asked["/promos/validate"]["promo"]["name"] == asked["/promos/apply"]["promo_name"] == word
    for page in (asked["/sync"], asked["/sync in pages"]):
        [customer] = page["customers"]
        assert (customer["name"], customer["email"]) == (word, ADDRESS)
        assert [fob["identifier_value"] for fob in customer["rfid_fobs"]] == [word, word + "3"]
        assert customer["rfid_fobs"][1]["label"] == word


async def test_every_route_is_looked_at(hub: Hotels, guests: Guests) -> None:
    asked = await answers(hub, guests, "error")
    routes = documented_routes(hub.application, [CONTRACT])
    assert {route.path.removeprefix(BASE) for route in routes} == set(asked) - {"/sync in pages"}
