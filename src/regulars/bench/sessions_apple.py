"""Apple's push service for a benchmark: the stand-in, as a process of its own."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import msgspec

from regulars.features.passes.model_carriers import AppleSettings
from regulars.stand_ins.apple.push_service import AppleStandIn

TOPIC = "pass.example.regulars"
TEAM = "TEAM123456"
WEB_SERVICE_URL = "https://loyalty.example/wallet/apple"


class Pushes(msgspec.Struct, frozen=True):
    """What has arrived so far."""

    connections: int
    pushes: int


class RunningApple:
    """A push service that listens, and the certificates that it has made up."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        try:
            self._made: dict[str, str] = pipe.recv()
        except EOFError:
            raise RuntimeError("the stand-in for Apple did not start; the lines above say why") from None

    def settings(self, secret_key: str) -> AppleSettings:
        """What passes are signed and pushed with."""
        return AppleSettings(
            pass_type_identifier=TOPIC,
            team_identifier=TEAM,
            certificate=self._made["certificate"],
            key=self._made["key"],
            intermediate_certificate=self._made["intermediate"],
            secret_key=secret_key,
            web_service_url=WEB_SERVICE_URL,
            push_url=self._made["url"],
            push_authority=self._made["root"],
        )

    def environment(self) -> dict[str, str]:
        """The same as the settings of a server, which has a secret key of its own."""
        return {
            "REGULARS_APPLE_PASS_TYPE_IDENTIFIER": TOPIC,
            "REGULARS_APPLE_TEAM_IDENTIFIER": TEAM,
            "REGULARS_APPLE_CERTIFICATE": self._made["certificate"],
            "REGULARS_APPLE_PRIVATE_KEY": self._made["key"],
            "REGULARS_APPLE_INTERMEDIATE_CERTIFICATE": self._made["intermediate"],
            "REGULARS_APPLE_PUSH_URL": self._made["url"],
            "REGULARS_APPLE_PUSH_AUTHORITY": self._made["root"],
        }

    def arrived(self) -> Pushes:
        """How many pushes there were, over how many connections."""
        self._pipe.send(True)
        return Pushes(*self._pipe.recv())


@contextmanager
def running_apple() -> Iterator[RunningApple]:
    """A push service that listens until the block ends. Raises RuntimeError when it cannot start."""
    # Spawned: a copy of this process would share its event loop and its database connections.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield RunningApple(ours)
    finally:
        ours.close()
        process.join()


def _serve(pipe: Connection) -> None:
    """Says where it listens and with which certificates; then, whenever it is asked, what has arrived."""
    asyncio.run(_serve_pushes(pipe))


async def _serve_pushes(pipe: Connection) -> None:
    apple = AppleStandIn(TOPIC)
    await apple.start()
    made = apple.certificates
    pipe.send(
        {
            "url": apple.url,
            "certificate": made.signer.certificate_pem,
            "key": made.signer.key_pem,
            "intermediate": made.intermediate.certificate_pem,
            "root": made.root.certificate_pem,
        }
    )
    try:
        while await asyncio.to_thread(pipe.recv):
            pipe.send((apple.connections, len(apple.pushes)))
    except EOFError:
        await apple.stop()
