"""Settings that are stored with a program or a location, declared once: name, kind, default and meaning.

Whoever reads such a setting declares it beside the code that does, and reads it by its declaration. So the
command line, the documentation and the reader cannot be of different opinions about it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from regulars.base.setting_kinds import Kind, SecretText

T_co = TypeVar("T_co", covariant=True)


def is_secret(name: str) -> bool:
    """Whether the setting of this name is a secret, which is stored sealed: its name alone says so."""
    return name.endswith("_secret")


class Holder(StrEnum):
    """What a setting is stored with."""

    PROGRAM = "program"
    LOCATION = "location"


class StoredSetting(msgspec.Struct, Generic[T_co], frozen=True, kw_only=True):
    """One setting.

    `meaning` is a sentence for operators. `default_from` names the server's setting that the default comes
    from; the reader then hands it to `read_from`, and `default` is what that one has by itself.
    """

    name: str
    holder: Holder
    kind: Kind[T_co]
    default: T_co
    meaning: str
    default_from: str | None = None

    def __post_init__(self) -> None:
        # Whoever stores settings knows their names and no declarations.
        assert isinstance(self.kind, SecretText) == is_secret(self.name), "the names of secrets say so"
        assert self.holder is Holder.PROGRAM or not is_secret(self.name), "only a program's are sealed"

    def read_from(self, stored: Mapping[str, Any], default: Any = msgspec.UNSET) -> T_co:
        """What is in force where `stored` is what a program or a location has set.

        A value that cannot be used counts as not set, a number beyond its bounds as the bound.
        """
        usual: T_co = self.default if default is msgspec.UNSET else self.kind.nearest(default)
        if self.name not in stored:
            return usual
        try:
            return self.kind.nearest(stored[self.name])
        except ValueError:
            return usual
