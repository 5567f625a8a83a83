"""What a person's browser sends and keeps, without the browser."""

from typing import Any

from regulars.contracts.sessions.admin_sign_in import COOKIE
from regulars.contracts.sessions.context import ADMIN_SCOPE
from tests.support.kiosks import VENUE, Answer, Kiosks

ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
"""What browsers ask a page with."""
OWN_PAGE = {"origin": "http://kiosks.test", "sec-fetch-site": "same-origin"}


class Person:
    """Somebody at a browser in which the admin page is open; cookies are kept by the client of the shop."""

    def __init__(self, shop: Kiosks) -> None:
        self.shop = shop
        self.cookie = ""

    async def look(self, venue_id: str | None = None, **more: str) -> Answer:
        """The admin page."""
        query = {} if venue_id is None else {"venue_id": venue_id}
        return await self.shop.client.get("/admin", params=query, headers=self._headers(more))

    async def sign_in(self, key: str | None = None, venue_id: str | None = VENUE, **more: str) -> Answer:
        """What the form is answered; the right key unless another one is typed."""
        form = {"admin_key": self.shop.keys[ADMIN_SCOPE] if key is None else key}
        if venue_id is not None:
            form["venue_id"] = venue_id
        return await self.send("/admin/sign-in", form, **more)

    async def send(self, path: str, form: Any = None, /, **more: str) -> Answer:
        """What a form of our own page is answered; the cookie that comes back is kept."""
        headers = self._headers({**OWN_PAGE, **more})
        answer = await self.shop.client.post(path, data=form, headers=headers)
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            assert name == COOKIE
            self.cookie = value.strip('"')
        # What the client keeps by itself would be sent for others, too.
        self.shop.client.cookies.clear()
        return answer

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        headers = {"accept": ACCEPT, **{name.replace("_", "-"): value for name, value in more.items()}}
        return headers | ({"cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {})
