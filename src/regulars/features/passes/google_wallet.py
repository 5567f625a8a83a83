"""Google Wallet as passes use it: objects are patched, what is missing is created, links save them."""

import logging
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx2
import msgspec

from regulars.base.clock import Clock
from regulars.base.refusals import Refused
from regulars.features.passes.google_grant import GRANT_TYPE, GoogleSigner
from regulars.features.passes.google_objects import ended_object, loyalty_class, loyalty_object, object_id
from regulars.features.passes.line import Line, LineFailed
from regulars.features.passes.model import CardFace, Pass
from regulars.features.passes.model_carriers import GoogleSettings
from regulars.features.passes.model_delivery import Trouble
from regulars.features.passes.rules import retry_after_seconds
from regulars.features.passes.single_flight import SingleFlight

LINK_LENGTH_MAX = 1800
"""In characters; longer links are cut off somewhere between a page and the wallet."""

TOKEN_SPARE = timedelta(seconds=60)
"""How long before its end an access token is no longer used."""

CONNECTIONS_MAX = 10

_logger = logging.getLogger(__name__)

_FINE = (HTTPStatus.OK, HTTPStatus.CREATED)


class _Failed(Exception):
    """A call that Google did not do."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble


class _Granted(msgspec.Struct):
    """What the token address answers."""

    access_token: str
    expires_in: float


class GoogleWallet:
    """Speaks for the settings' service account. Use it in one event loop."""

    def __init__(self, settings: GoogleSettings, clock: Clock) -> None:
        """Raises ValueError for a key that cannot be used."""
        self._settings = settings
        self._clock = clock
        self._signer = GoogleSigner(settings)
        self._line = Line(
            lambda: httpx2.AsyncClient(
                trust_env=False,
                timeout=settings.timeout_seconds,
                limits=httpx2.Limits(max_connections=CONNECTIONS_MAX, keepalive_expiry=60),
            ),
            settings.timeout_seconds,
        )
        self._token: tuple[str, datetime] | None = None
        self._granting: SingleFlight[str] = SingleFlight()
        self._classes: dict[str, bytes] = {}
        self._writing_class: SingleFlight[None] = SingleFlight()

    async def save_link(self, card: Pass, face: CardFace) -> str:
        """The address that saves the pass to the customer's wallet, of less than 1,800 characters.

        The object is in the link, unless that would make it too long: then it is created first, and the link
        names it. Raises Refused: google_wallet_unavailable.
        """
        content = loyalty_object(card, face, self._settings)
        try:
            await self._ensure_class(card, face)
            link = self._signer.save_link(content, self._clock())
            if len(link) < LINK_LENGTH_MAX:
                return link
            await self._write_object(content)
        except _Failed as failure:
            _logger.warning("save link of pass %s failed: %s", card.pass_id, failure.trouble.reason)
            raise Refused("google_wallet_unavailable", reason=failure.trouble.reason) from None
        named = {"id": content["id"], "classId": content["classId"]}
        return self._signer.save_link(named, self._clock())

    async def update(self, card: Pass, face: CardFace) -> Trouble | None:
        """None when Google shows the pass as it is now, else why not. What is missing there is created."""
        try:
            await self._ensure_class(card, face)
            await self._write_object(loyalty_object(card, face, self._settings))
        except _Failed as failure:
            return failure.trouble
        return None

    async def end(self, card: Pass) -> Trouble | None:
        """None when Google shows the pass as ended, or never knew it, else why not."""
        address = f"loyaltyObject/{object_id(self._settings, card.pass_id)}"
        try:
            answer = await self._call("PATCH", address, ended_object())
            _require(answer, *_FINE, HTTPStatus.NOT_FOUND)
        except _Failed as failure:
            return failure.trouble
        return None

    async def close(self) -> None:
        """Hangs up."""
        await self._line.close()

    async def _ensure_class(self, card: Pass, face: CardFace) -> None:
        """Google knows the venue's class as it is now; each process asks once for each way it looks."""
        content = loyalty_class(card, face, self._settings)
        looks = msgspec.json.encode(content)
        if self._classes.get(content["id"]) != looks:
            await self._writing_class.get(looks.decode(), lambda: self._write_class(content, looks))

    async def _write_class(self, content: dict[str, Any], looks: bytes) -> None:
        answer = await self._call("POST", "loyaltyClass", content)
        if answer.status_code == HTTPStatus.CONFLICT:
            answer = await self._call("PATCH", f"loyaltyClass/{content['id']}", content)
        _require(answer, *_FINE)
        self._classes[content["id"]] = looks

    async def _write_object(self, content: dict[str, Any]) -> None:
        """The object is as given: it is patched, or created, or patched after all if another was faster."""
        address = f"loyaltyObject/{content['id']}"
        answer = await self._call("PATCH", address, content)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            answer = await self._call("POST", "loyaltyObject", content)
        if answer.status_code == HTTPStatus.CONFLICT:
            answer = await self._call("PATCH", address, content)
        _require(answer, *_FINE)

    async def _call(self, method: str, address: str, content: dict[str, Any]) -> httpx2.Response:
        """The answer, with a new access token if the one that was used is not taken any more."""
        token = await self._access_token()
        answer = await self._call_with(token, method, address, content)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            # Unless somebody else has found out before and has a new one already.
            if self._token is not None and self._token[0] == token:
                self._token = None
            answer = await self._call_with(await self._access_token(), method, address, content)
        return answer

    async def _call_with(
        self, token: str, method: str, address: str, content: dict[str, Any]
    ) -> httpx2.Response:
        return await self._request(
            method,
            f"{self._settings.api_url.rstrip('/')}/{address}",
            json=content,
            headers={"authorization": f"Bearer {token}"},
        )

    async def _access_token(self) -> str:
        """One that lives for a while yet; however many ask, one request is made for it."""
        if self._token is not None and self._token[1] > self._clock():
            return self._token[0]
        return await self._granting.get("", self._grant)

    async def _grant(self) -> str:
        now = self._clock()
        form = {"grant_type": GRANT_TYPE, "assertion": self._signer.assertion(now)}
        answer = await self._request("POST", self._settings.token_url, data=form)
        _require(answer, HTTPStatus.OK)
        try:
            granted = msgspec.json.decode(answer.content, type=_Granted)
        except msgspec.DecodeError:
            raise _Failed(Trouble("google granted nothing readable")) from None
        self._token = (granted.access_token, now + timedelta(seconds=granted.expires_in) - TOKEN_SPARE)
        return granted.access_token

    async def _request(self, method: str, url: str, **options: Any) -> httpx2.Response:
        try:
            return await self._line.request(method, url, **options)
        except LineFailed as failure:
            raise _Failed(Trouble(f"google {failure}")) from None


def _require(answer: httpx2.Response, *fine: HTTPStatus) -> None:
    if answer.status_code not in fine:
        seconds = retry_after_seconds(answer.headers.get("retry-after"))
        raise _Failed(Trouble(f"google answered {answer.status_code}", seconds))
