"""Everybody who might call where tills do: with no key, with one that is over, with somebody else's."""

from collections.abc import Iterable
from datetime import timedelta
from secrets import token_hex

import msgspec

from regulars.contracts.cryptokids.context import ADMIN_SCOPE, CHILD_SCOPE, PARENT_SCOPE
from regulars.features.access import actions as access
from regulars.features.members import actions as members
from tests.support.hotels import ELSEWHERE, HIGH_STREET, NUMBER_FOUR, SECRET_KEY, Hotels
from tests.support.ledger import NOW


class Sent(msgspec.Struct, frozen=True):
    """What a caller adds to a request in order to be let in."""

    headers: list[tuple[str, str]] = []
    query: str = ""


KEYLESS = [
    "no key", "the key as a token", "the key as an admin's", "the key in a cookie", "the key in the address",
]  # fmt: skip
"""Who sends no key, or a right one where nobody looks for it: 401 missing_api_key."""

INVALID = [
    "an empty key", "an unknown key", "two keys, the first one wrong", "a revoked key",
    "the old key after its overlap", "a CryptoKids admin's key", "a parent's key", "a child's device",
    "the hotel's key for another contract", "a till's key without a hotel",
]  # fmt: skip
"""Whose key is none, or none for this: 401 invalid_api_key."""

INACTIVE = ["a hotel that was switched off"]
ELSEWHERES = ["another program's till"]
TILLS = ["the till", "the other hotel's till", "the old key in its overlap", "the new key"]
KINDS = [*KEYLESS, *INVALID, *INACTIVE, *ELSEWHERES, *TILLS]


async def callers(hub: Hotels) -> dict[str, Sent]:
    """What every kind of caller sends. There is a third hotel afterwards, which was switched off."""
    here, right = hub.location_ids[HIGH_STREET], hub.keys[HIGH_STREET]
    child = await _child(hub)
    old_and_new = await _rotated(hub, timedelta(hours=1))
    both = f"X-API-Key={right}&x-api-key={right}&api_key={right}"
    sent = {
        "no key": Sent(),
        "the key as a token": Sent([("Authorization", f"Bearer {right}")]),
        "the key as an admin's": Sent([("X-Admin-Key", right)]),
        "the key in a cookie": Sent([("Cookie", f"X-API-Key={right}; x-api-key={right}")]),
        "the key in the address": Sent(query=f"?{both}"),
        "an empty key": _key(""),
        "an unknown key": _key(token_hex(32)),
        "two keys, the first one wrong": Sent([("X-API-Key", token_hex(32)), ("X-API-Key", right)]),
        "a revoked key": _key(await _revoked(hub)),
        "the old key after its overlap": _key((await _rotated(hub, timedelta(0)))[0]),
        "a CryptoKids admin's key": _key((await hub.new_key(scope=ADMIN_SCOPE))[1]),
        "a parent's key": _key((await hub.new_key(scope=PARENT_SCOPE))[1]),
        "a child's device": _key(child),
        "the hotel's key for another contract": _key(
            (await hub.new_key(location_id=here, scope="rejoes:staff"))[1]
        ),
        "a till's key without a hotel": _key((await hub.new_key())[1]),
        "a hotel that was switched off": _key(await _closed(hub)),
        "another program's till": _key(hub.keys[ELSEWHERE]),
        "the till": _key(right),
        "the other hotel's till": _key(hub.keys[NUMBER_FOUR]),
        "the old key in its overlap": _key(old_and_new[0]),
        "the new key": _key(old_and_new[1]),
    }
    assert list(sent) == KINDS
    return sent


def expected_refusals(kinds: Iterable[str] = KINDS) -> dict[str, tuple[int, str, str]]:
    """The status, code and message for everybody who is not let in."""
    missing = (401, "missing_api_key", "Missing API key")
    invalid = (401, "invalid_api_key", "Invalid API key")
    inactive = (403, "hotel_inactive", "Hotel is inactive")
    refusals = (
        dict.fromkeys(KEYLESS, missing) | dict.fromkeys(INVALID, invalid) | dict.fromkeys(INACTIVE, inactive)
    )
    return {kind: refusals[kind] for kind in kinds if kind in refusals}


def _key(key: str) -> Sent:
    return Sent([("X-API-Key", key)])


async def _rotated(hub: Hotels, overlap: timedelta) -> tuple[str, str]:
    """The old and the new key of one more till at High Street."""
    credential_id, old = await hub.new_key(location_id=hub.location_ids[HIGH_STREET])
    async with hub.database.transaction() as connection:
        issued = await access.rotate_credential(
            connection, SECRET_KEY, hub.program_id, credential_id, overlap=overlap, now=hub.clock()
        )
    return old, issued.key


async def _revoked(hub: Hotels) -> str:
    credential_id, key = await hub.new_key(location_id=hub.location_ids[HIGH_STREET])
    async with hub.database.transaction() as connection:
        await access.revoke_credential(connection, hub.program_id, credential_id, hub.clock())
    return key


async def _closed(hub: Hotels) -> str:
    async with hub.database.transaction() as connection:
        closed = await access.create_location(
            connection, hub.program_id, slug="closed", name="Closed", now=NOW
        )
    hub.location_ids["Closed"] = closed.location_id
    _, key = await hub.new_key(location_id=closed.location_id)
    await hub.close_hotel("Closed")
    return key


async def _child(hub: Hotels) -> str:
    """The token of a device that belongs to a member of the hotels' own program."""
    async with hub.database.transaction() as connection:
        leo = await members.enrol(
            connection, hub.program_id, name="Leo", identifiers=[("handle", "leo", None)], now=NOW
        )
        issued = await access.issue_credential(
            connection,
            SECRET_KEY,
            hub.program_id,
            name="leo's device",
            scopes={CHILD_SCOPE},
            member_id=leo.member_id,
            now=NOW,
        )
    return issued.key
