"""The kinds of value that a stored setting may have. Each reads what is stored, and what is typed."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from regulars.base.phone import NO_REGION, is_region

T_co = TypeVar("T_co", covariant=True)

NONE = "none"
"""What is typed for the value null."""

_FLAGS = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}
_DIGITS_MAX = 18


class Kind(msgspec.Struct, Generic[T_co], frozen=True):
    """One kind of value."""

    @property
    def allowed(self) -> str:
        """What is allowed, to follow the words "it is"."""
        raise NotImplementedError

    def nearest(self, value: Any) -> T_co:
        """The value as it is used, moved into its bounds. Raises ValueError where it is none of this kind."""
        raise NotImplementedError

    def typed(self, text: str) -> Any:
        """The value that was typed, which `fits` judges. Raises ValueError where it cannot be read."""
        raise NotImplementedError

    def fits(self, value: Any) -> bool:
        """Whether the value may be stored just as it is."""
        try:
            return bool(self.nearest(value) == value)
        except ValueError:
            return False

    def written(self, value: Any) -> str:
        """The value as `typed` reads it."""
        if value is None or value in ((), []):
            return NONE
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, list | tuple):
            return ",".join(map(str, value))
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()


class Flag(Kind[bool], frozen=True):
    """On or off."""

    @property
    def allowed(self) -> str:
        """Both."""
        return "true or false"

    def nearest(self, value: Any) -> bool:
        """The flag; anything but true and false, a text that says so included, is none."""
        if not isinstance(value, bool):
            raise ValueError(self.allowed)
        return value

    def typed(self, text: str) -> bool:
        """As settings of the server may be written: true, on, yes, or the opposite."""
        flag = _FLAGS.get(text.strip().lower())
        if flag is None:
            raise ValueError(self.allowed)
        return flag


class Whole(Kind[int], frozen=True):
    """A whole number within bounds."""

    least: int
    most: int

    @property
    def allowed(self) -> str:
        """The bounds."""
        return f"a whole number from {self.least:,} to {self.most:,}"

    def nearest(self, value: Any) -> int:
        """The number, or the bound that is nearest. A bool is an int to Python, and none to operators."""
        if type(value) is not int:
            raise ValueError(self.allowed)
        return min(max(value, self.least), self.most)

    def fits(self, value: Any) -> bool:
        """Whether it is a whole number within the bounds."""
        return type(value) is int and self.least <= value <= self.most

    def typed(self, text: str) -> int:
        """Digits, and nothing else."""
        digits = text.strip().removeprefix("-")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > _DIGITS_MAX:
            raise ValueError(self.allowed)
        return int(text)


class WholeOrNone(Kind[int | None], frozen=True):
    """A whole number within bounds, or null, which stands for `meaning_of_none`."""

    least: int
    most: int
    meaning_of_none: str

    @property
    def allowed(self) -> str:
        """The bounds, and what none stands for."""
        return f"{self._number.allowed}, or {NONE}: {self.meaning_of_none}"

    @property
    def _number(self) -> Whole:
        return Whole(self.least, self.most)

    def nearest(self, value: Any) -> int | None:
        """As for a whole number."""
        return None if value is None else self._number.nearest(value)

    def fits(self, value: Any) -> bool:
        """As for a whole number."""
        return value is None or self._number.fits(value)

    def typed(self, text: str) -> int | None:
        """Digits, or the word none."""
        return None if text.strip().lower() == NONE else self._number.typed(text)


class Choice(Kind[str], frozen=True):
    """One of several words."""

    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        """The words."""
        return " or ".join(self.words)

    def nearest(self, value: Any) -> str:
        """The word, as it is written."""
        if not isinstance(value, str) or value not in self.words:
            raise ValueError(self.allowed)
        return value

    def typed(self, text: str) -> str:
        """The word, in whatever case."""
        return text.strip().lower()


class Text(Kind[str], frozen=True):
    """Text on one line, that is not empty."""

    length_max: int

    @property
    def allowed(self) -> str:
        """The length."""
        return f"text of 1 to {self.length_max} characters on one line"

    def nearest(self, value: Any) -> str:
        """The text."""
        if not isinstance(value, str) or not value.isprintable() or not 1 <= len(value) <= self.length_max:
            raise ValueError(self.allowed)
        return value

    def typed(self, text: str) -> str:
        """The text without spaces around it."""
        return text.strip()


class Currency(Kind[str], frozen=True):
    """A currency's code."""

    @property
    def allowed(self) -> str:
        """How it is written."""
        return "three capital letters of ISO 4217, such as GBP"

    def nearest(self, value: Any) -> str:
        """The code."""
        if not isinstance(value, str) or not (len(value) == 3 and value.isascii() and value.isalpha()):
            raise ValueError(self.allowed)
        return value.upper()

    def typed(self, text: str) -> str:
        """The code in whatever case."""
        return text.strip().upper()


class SecretText(Kind[str | None], frozen=True):
    """A secret, or null where there is none. It is never shown, and never typed where others could see it."""

    length_min: int

    @property
    def allowed(self) -> str:
        """The length."""
        return f"a secret of {self.length_min} characters or more, random"

    def nearest(self, value: Any) -> str | None:
        """The secret. What is no text, or is still sealed, counts as one that nothing was signed with."""
        if value is None:
            return None
        return value if isinstance(value, str) else ""

    def fits(self, value: Any) -> bool:
        """Whether it is long enough."""
        return isinstance(value, str) and value.isprintable() and len(value) >= self.length_min

    def typed(self, text: str) -> str:
        """The secret without spaces around it."""
        return text.strip()

    def written(self, value: Any) -> str:
        """That there is one, or one that nobody has."""
        if value is None:
            return NONE
        return "a secret" if value else "one that nothing is signed with"


class Region(Kind[str], frozen=True):
    """A country whose phone numbers are known."""

    @property
    def allowed(self) -> str:
        """How it is written."""
        return "a country of ISO 3166-1, such as GB or IE"

    def nearest(self, value: Any) -> str:
        """The country's two letters, and for a mistake those of none.

        Numbers are then taken with their country code only: guessed, they would be somebody else's.
        """
        return value if isinstance(value, str) and is_region(value) else NO_REGION

    def fits(self, value: Any) -> bool:
        """Whether it is a country."""
        return isinstance(value, str) and is_region(value)

    def typed(self, text: str) -> str:
        """The two letters in whatever case."""
        return text.strip().upper()


class Record(Kind[dict[str, Any]], frozen=True):
    """A JSON object, whose fields `is_fit` judges."""

    fields: str
    is_fit: Callable[[dict[str, Any]], bool]

    @property
    def allowed(self) -> str:
        """The fields."""
        return f"a JSON object: {self.fields}"

    def nearest(self, value: Any) -> dict[str, Any]:
        """The object; the reader of it decides about each field."""
        if not isinstance(value, dict):
            raise ValueError(self.allowed)
        return value

    def fits(self, value: Any) -> bool:
        """Whether each field may be stored just as it is."""
        return isinstance(value, dict) and self.is_fit(value)

    def typed(self, text: str) -> Any:
        """The object as JSON is written."""
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise ValueError(self.allowed) from error
