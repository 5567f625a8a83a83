"""The file in which a stand-in keeps its account, so that what was bought is there after a restart."""

from pathlib import Path

import msgspec

from regulars.base.whole_files import write_whole
from regulars.stand_ins.stripe.account import Json
from regulars.stand_ins.stripe.interface import Answered

EVENTS_KEPT_MAX = 200
"""How many of the newest events are kept, beside those that the webhook has not taken yet."""


class Spoilt(Exception):
    """The file is there and cannot be read."""


class Kept(msgspec.Struct, frozen=True):
    """What is in the file; `port` is where it listened, `answers` what the webhook said to events."""

    port: int = 0
    objects: dict[str, Json] = {}
    events: list[Json] = []
    answers: dict[str, int] = {}
    answered: dict[str, Answered] = {}


class Keeper:
    """Reads and writes the file. It is whole at any moment, and of its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Kept:
        """What was kept, nothing where there is no file. Raises Spoilt."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Kept)
        except FileNotFoundError:
            return Kept()
        except (msgspec.DecodeError, UnicodeError) as error:
            raise Spoilt(f"{self._path} cannot be read: move it away to begin anew") from error

    def save(self, kept: Kept) -> None:
        """Returns when it is on the disk."""
        write_whole(self._path, msgspec.json.encode(kept).decode())
