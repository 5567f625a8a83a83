"""The sockets of the stand-in for Stripe: how it reads requests, and misbehaves."""

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import msgspec

from regulars.stand_ins.local_server import LocalHandler
from regulars.stand_ins.stripe.account import Json
from regulars.stand_ins.stripe.interface import error_of
from regulars.stand_ins.stripe.pages import Page, page_for

if TYPE_CHECKING:
    from regulars.stand_ins.stripe.stand_in import StripeStandIn  # noqa: F401 (named in a base)

API = "/v1/"


class StripeHandler(LocalHandler["StripeStandIn"]):
    """Speaks Stripe's API, and shows what the stand-in has."""

    body_bytes_max = 1_000_000

    def answer_get(self) -> None:
        self._serve({})

    def answer_post(self, body: bytes | None) -> None:
        if body is None:
            self._answer(413, error_of("invalid_request_error", "That is too much"))
        else:
            self._serve(_nested(body.decode(errors="replace")))

    def _serve(self, form: Json) -> None:
        address = urlsplit(self.path)
        if address.path.startswith(API):
            self._serve_api(address.path, form | _nested(address.query))
        elif self.command == "POST" and not self.is_from_here():
            self._show(Page(403, b"This has to be asked for on a page of this server."))
        else:
            self._show(page_for(self.stand_in, self.command, address.path, form))

    def _serve_api(self, path: str, asked: Json) -> None:
        trouble = self.stand_in.trouble_for(self.command, path, self.headers)  # type: ignore[arg-type]
        if trouble == "hang":
            self.stand_in.released.wait()
        if trouble in ("hang", "drop"):
            self.close_connection = True
        elif trouble in ("429", "500"):
            self._answer(int(trouble), error_of("api_error", "This is a test"))
        else:
            answer = self.stand_in.answer(self.command, path, asked, self.headers)  # type: ignore[arg-type]
            if trouble == "late":
                self.stand_in.late_ones_may_go.wait()
            if trouble == "drop_after":
                self.close_connection = True
            else:
                self._answer(*answer)

    def _show(self, page: Page) -> None:
        self.send(page.status, page.body, {"content-type": "text/html; charset=utf-8"} | page.headers)

    def _answer(self, status: int, body: Json) -> None:
        self.send(status, msgspec.json.encode(body), {"content-type": "application/json"})


def _nested(text: str) -> Json:
    """A form or query in Stripe's spelling, `metadata[venue_id]=venue_001`, as nested objects."""
    asked: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        *path, last = re.findall(r"[^\[\]]+", name) or [name]
        holder = asked
        for step in path:
            if not isinstance(holder.get(step), dict):
                holder[step] = {}
            holder = holder[step]
        holder[last] = value
    return asked
