"""A word that is planted wherever a person or a secret could be named, and the log that must not have it."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from regulars.logs import configure_logs

BIRD = "nightingale"
"""What every planted text says, in either case; nothing else in the project does."""

LOG_SECONDS_MAX = 60.0
HEADERS = {
    "X-Admin-Actor": f"Nora {BIRD}",
    "User-Agent": f"{BIRD}/1.0",
    "X-Request-Id": f"{BIRD} with blanks",
    "Referer": f"https://{BIRD}.example/",
    "X-Forwarded-For": f"{BIRD}.example",
    "Cookie": f"session={BIRD}",
}


@contextmanager
def everything_logged() -> Iterator[BytesIO]:
    """The log, which shows all that it ever shows. Applications ask only once how to log."""
    log = BytesIO()
    configure_logs("json", "debug", stream=log)
    yield log
    configure_logs("json", "error", stream=BytesIO())


class Canary:
    """What is sent and logged, and the secrets that were under way. The tests' callers build on it."""

    def __init__(self, log: BytesIO, secrets: set[str]) -> None:
        self.log = log
        self.secrets = secrets
        self.errors: list[str] = []
        self.requests = 0

    def next_key(self) -> str:
        """A secret key for the next request, which is counted."""
        self.requests += 1
        key = f"{BIRD}-{self.requests}"
        self.secrets.add(key)
        return key

    async def said(self) -> str:
        """The log, once the lines of requests have been gathered."""
        async with asyncio.timeout(LOG_SECONDS_MAX):
            while self.log.getvalue().count(b'"event":"request"') < self.requests:
                await asyncio.sleep(0.05)
        return self.log.getvalue().decode()

    def leaks(self, text: str) -> list[str]:
        """What `text` says of all that was planted."""
        found = [secret for secret in self.secrets if secret in text]
        return found + [text[max(0, at - 60) : at + 40] for at in _places(text.lower(), BIRD)]


def _places(text: str, word: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(word), text)]
