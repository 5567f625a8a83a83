"""Tells phones, through Apple, that a pass has changed: one HTTP/2 connection for all of them."""

import ssl
import tempfile
from http import HTTPStatus

from regulars.features.passes.line import Line, LineFailed
from regulars.features.passes.model_carriers import AppleSettings
from regulars.features.passes.model_delivery import Trouble
from regulars.features.passes.rules import retry_after_seconds


class Gone(Exception):
    """The phone has no pass of this type any more, and is not to be told again."""


class ApplePush:
    """Pushes with the pass certificate. Use it in one event loop; it connects when it is first needed."""

    def __init__(self, settings: AppleSettings) -> None:
        """Raises ValueError for certificates that cannot be used."""
        from regulars.features.passes.apple_connection import AppleConnection

        context = _client_context(settings)
        self._line = Line(lambda: AppleConnection(settings, context), settings.timeout_seconds)

    async def push(self, push_token: str) -> Trouble | None:
        """None when Apple has taken it, else why not. Raises Gone for a phone that left."""
        try:
            answer = await self._line.request("POST", f"/3/device/{push_token}")
        except LineFailed as failure:
            return Trouble(f"apple {failure}")
        if answer.status == HTTPStatus.OK:
            return None
        if answer.status == HTTPStatus.GONE:
            raise Gone
        return Trouble(f"apple answered {answer.status}", retry_after_seconds(answer.retry_after))

    async def close(self) -> None:
        """Hangs up."""
        await self._line.close()


def _client_context(settings: AppleSettings) -> ssl.SSLContext:
    """Shows Apple the pass certificate with the one that issued it."""
    context = ssl.create_default_context(cadata=settings.push_authority)
    # The library reads certificates from files only; this one is gone before anybody else could want it.
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write("\n".join((settings.certificate, settings.intermediate_certificate, settings.key)))
        file.flush()
        try:
            context.load_cert_chain(file.name)
        except ssl.SSLError as error:
            raise ValueError("the Apple certificate and key are no pair that TLS can use") from error
    return context
