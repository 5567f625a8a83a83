"""Nobody gets a connection who is not to get one, and TLS and the request stay about the name."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpcore2
import pytest
import pytest_asyncio

from regulars.features.webhooks import network as networks
from regulars.features.webhooks.model_delivery import Answer
from regulars.features.webhooks.network import Network
from regulars.features.webhooks.rules_addresses import Place
from regulars.features.webhooks.sending import Sender
from tests.rules.test_webhooks_addresses import REFUSED
from tests.support.certificates import certificate_for
from tests.support.webhook_endpoints import Receiver, receiving

REFUSAL = "leads to an address that webhooks do not go to"


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def posted(network: Network, host: str, port: int, scheme: str = "http") -> Answer:
    sender = Sender(network, Place(scheme, host, port, host, "/ok"), 5)
    try:
        return await sender.post({}, b"{}")
    finally:
        await sender.close()
        network.close()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0", "0.0.0.0", "::1", "::ffff:127.0.0.1"],
)
async def test_this_machine_gets_no_connection_however_it_is_written(receiver: Receiver, host: str) -> None:
    answer = await posted(Network(), host, receiver.port)
    assert answer.status is None and answer.trouble == REFUSAL
    assert receiver.connections == 0


@pytest.mark.parametrize("address", [text for text in REFUSED if set(text) <= set("0123456789abcdef:.")])
async def test_a_name_that_leads_there_gets_none(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    attempts = _resolving_to(monkeypatch, "93.184.216.34", address)
    answer = await posted(Network(), "shop.example", 443)
    assert answer.trouble == REFUSAL and attempts == []


async def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever answers for the name is asked once; what would be answered the second time is never used."""
    attempts = _resolving_to(monkeypatch, "93.184.216.34", "2606:4700::1")
    answer = await posted(Network(), "shop.example", 443)
    assert answer.status is None
    assert attempts == [("93.184.216.34", 443), ("2606:4700::1", 443)]


def _resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[tuple[str, int]]:
    """What is connected to from now on; nobody answers there."""
    asked: list[str] = []
    attempts: list[tuple[str, int]] = []

    def look_up(host: str, port: int) -> list[str]:
        asked.append(host)
        return list(addresses) if len(asked) == 1 else ["127.0.0.1"]

    async def connect(self: Any, host: str, port: int, *more: Any) -> Any:
        attempts.append((host, port))
        raise httpcore2.ConnectError("nobody is there")

    monkeypatch.setattr(networks, "_look_up", look_up)
    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    return attempts


async def test_private_addresses_are_a_setting(receiver: Receiver) -> None:
    answer = await posted(Network(is_private_allowed=True), "localhost", receiver.port)
    assert answer.status == 200 and receiver.received[0].headers["host"] == "localhost"


async def test_tls_is_about_the_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The address comes from elsewhere; the certificate has to be the name's."""
    certificate, key = certificate_for("shop.example")
    (tmp_path / "both.pem").write_text(certificate + key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "both.pem")
    receiver = Receiver()
    names: list[str | None] = []
    context.sni_callback = lambda stream, name, _: names.append(name)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setattr(networks, "_look_up", lambda host, port: ["127.0.0.1"])

    def network() -> Network:
        return Network(is_private_allowed=True, authority=certificate)

    assert (await posted(network(), "shop.example", port, "https")).status == 200
    other = await posted(network(), "other.example", port, "https")
    assert other.status is None and "certificate" in other.trouble.lower()
    stranger = await posted(Network(is_private_allowed=True), "shop.example", port, "https")
    assert stranger.status is None and "certificate" in stranger.trouble.lower()
    assert names == ["shop.example", "other.example", "shop.example"]
    assert receiver.received[0].headers["host"] == "shop.example"
    server.close()


def test_the_system_is_asked_for_names() -> None:
    assert networks._look_up("127.0.0.1", 80) == ["127.0.0.1"]
    with pytest.raises(OSError, match="name"):
        networks._look_up("x" * 300, 80)
