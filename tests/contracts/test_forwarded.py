"""Where a request came from: a proxy that is named in the settings is believed, and nobody else."""

import pytest

from tests.support.http_socket import HttpSocket, post_bytes
from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site

FORWARDED: dict[str, dict[str, str]] = {
    # What is sent, and the address that history shows: as it is, and behind a proxy that is believed.
    "one address": {"X-Forwarded-For": "6.6.6.6"},
    "several": {"X-Forwarded-For": "1.2.3.4, 6.6.6.6"},
    "none": {},
    "no address at all": {"X-Forwarded-For": "'; drop table origins; --"},
    "endless": {"X-Forwarded-For": "6.6.6.6, " * 2000},
    "other headers": {"Forwarded": "for=6.6.6.6", "X-Real-IP": "6.6.6.6", "X-Client-IP": "6.6.6.6"},
}
BEHIND_A_PROXY = {
    "one address": "6.6.6.6",
    "several": "6.6.6.6",
    "none": "127.0.0.1",
    "other headers": "127.0.0.1",
}


async def shown_addresses(server: ServerProcess, site: Site) -> dict[str, str]:
    """The address that history has of each request."""
    admin = {"X-Admin-Key": site.keys["family"].admin, "X-Actor-Role": "admin"}
    connection = await HttpSocket.open(server.port)
    shown = {}
    for name, headers in FORWARDED.items():
        answer = await connection.ask(
            post_bytes("/ck/earn", {"user_id": "leo", "amount": 1}, admin | headers)
        )
        assert answer.status == 200
        shown[name] = answer.body["tx"]["ip"]
    connection.close()
    return shown


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8"])
async def test_nobody_is_believed_who_is_not_named(site: Site, trusted: str) -> None:
    with running_server(site, workers=1, REGULARS_TRUSTED_PROXIES=trusted) as server:
        assert set((await shown_addresses(server, site)).values()) == {"127.0.0.1"}


async def test_a_named_proxy_says_whom_it_forwards(site: Site) -> None:
    with running_server(site, workers=1, REGULARS_TRUSTED_PROXIES="127.0.0.1") as server:
        shown = await shown_addresses(server, site)
    assert {name: shown[name] for name in BEHIND_A_PROXY} == BEHIND_A_PROXY
