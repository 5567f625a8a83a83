"""The kinds of value of stored settings that name places on the web."""

from typing import Any
from urllib.parse import urlsplit

from regulars.base.setting_kinds import NONE, Kind


class Address(Kind[str], frozen=True):
    """The web address of a document."""

    length_max: int = 1000

    @property
    def allowed(self) -> str:
        """How it begins."""
        return "an address that begins with https:// (in development, http:// too)"

    def nearest(self, value: Any) -> str:
        """The address."""
        if not isinstance(value, str) or len(value) > self.length_max or not _is_address(value):
            raise ValueError(self.allowed)
        return value

    def typed(self, text: str) -> str:
        """The address without spaces around it."""
        return text.strip()


class Origins(Kind[tuple[str, ...]], frozen=True):
    """A list of the origins of web pages, kept as a JSON array."""

    @property
    def allowed(self) -> str:
        """How each is written."""
        return f"origins such as https://shop.example, without a path, separated by commas, or {NONE}"

    def nearest(self, value: Any) -> tuple[str, ...]:
        """Those of the list that are origins."""
        if not isinstance(value, list):
            raise ValueError(self.allowed)
        return tuple(origin for origin in value if _is_origin(origin))

    def fits(self, value: Any) -> bool:
        """Whether it is a list of origins and of nothing else."""
        return isinstance(value, list) and all(map(_is_origin, value))

    def typed(self, text: str) -> list[str]:
        """The origins between the commas, or the word none."""
        if text.strip().lower() == NONE:
            return []
        return [part.strip() for part in text.split(",") if part.strip()]


def _is_address(text: str) -> bool:
    address = _split(text)
    return address is not None and address.scheme in ("http", "https") and bool(address.hostname)


def _is_origin(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    address = _split(value)
    # A browser sends it in lower case and without a slash at its end.
    is_written_so = address is not None and value == f"{address.scheme}://{address.netloc}".lower()
    return is_written_so and bool(address.hostname)


def _split(text: str) -> Any:
    if not text.isascii() or not text.isprintable() or " " in text:
        return None
    try:
        address = urlsplit(text)
        _ = address.port
    except ValueError:
        return None
    return address
