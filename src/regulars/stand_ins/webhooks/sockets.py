"""The socket of the receiver: webhooks on one path, its page and the page's buttons on the others."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from regulars.stand_ins.local_server import LocalHandler
from regulars.stand_ins.webhooks.pages import HEADERS, page_of

if TYPE_CHECKING:
    from regulars.stand_ins.webhooks.receiver import WebhookReceiver  # noqa: F401 (named in a base)


class ReceiverHandler(LocalHandler["WebhookReceiver"]):
    """Takes webhooks in, and shows them."""

    def answer_get(self) -> None:
        if self.path == "/":
            with self.stand_in.lock:
                page = page_of(list(self.stand_in.arrivals), self.stand_in.answer)
            self.send(200, page, HEADERS)
        else:
            self.send(404)

    def answer_post(self, body: bytes | None) -> None:
        if body is None:
            self.send(413)
        elif self.path == "/hook":
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send(self.stand_in.take_in(headers, body))
        elif self.path == "/answer" and self.is_from_here():
            self._choose_answer(body)
        else:
            self.send(404)

    def _choose_answer(self, body: bytes) -> None:
        from regulars.stand_ins.webhooks.receiver import ANSWERS

        chosen = parse_qs(body.decode(errors="replace")).get("status", [""])[0]
        if chosen in map(str, ANSWERS):
            with self.stand_in.lock:
                self.stand_in.answer = int(chosen)
        self.send(303, headers={"location": "/"})
