"""What keeps secrets among a program's settings unreadable in the database.

Stored of one is {"sealed": "…"}, in Base64, encrypted with a key made from the server's own. Earlier versions
stored the text itself, which counts until a server seals it at its start.
"""

import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from regulars.base.sealing import Seal
from regulars.base.stored_settings import is_secret
from regulars.features.access.model import Program

_FIELD = "sealed"
_logger = logging.getLogger(__name__)


class SettingSeal:
    """The key of one server. What was sealed under another secret key has to be set anew."""

    def __init__(self, secret_key: str) -> None:
        self._seal = Seal(secret_key, "regulars/settings/secret/1")
        self._warned_of: set[tuple[int, str]] = set()

    def sealed(self, program_id: int, secrets: Mapping[str, str]) -> dict[str, Any]:
        """The secrets as they are stored, each readable only as the setting of this program and this name."""
        return {name: self._sealed(secret, program_id, name) for name, secret in secrets.items()}

    def opened(self, program: Program) -> dict[str, Any]:
        """The program's settings, with secrets as text, for their declarations to read.

        A secret that another key sealed, or that was another program's or setting's, stays sealed, and so
        counts as one that nothing was signed with. The log says so once.
        """
        settings = program.settings
        return settings | {
            name: self._opened(program, name, value)
            for name, value in settings.items()
            if is_secret(name) and isinstance(value, dict)
        }

    def _sealed(self, secret: str, program_id: int, name: str) -> dict[str, str]:
        sealed = self._seal.seal(secret, _owner(program_id, name))
        return {_FIELD: urlsafe_b64encode(sealed).decode()}

    def _opened(self, program: Program, name: str, stored: dict[str, Any]) -> Any:
        secret = self._seal.unseal(_bytes_of(stored), _owner(program.program_id, name))
        if secret is not None:
            return secret
        if (program.program_id, name) not in self._warned_of:
            self._warned_of.add((program.program_id, name))
            _logger.warning(
                "the secret %s of program %s was sealed with another secret key, or for something else: "
                "set it anew with 'regulars programs set'",
                name,
                program.slug,
            )
        return stored


def plain_secrets(settings: Mapping[str, Any]) -> dict[str, str]:
    """The secrets among the settings that are still text, by their names."""
    return {name: value for name, value in settings.items() if is_secret(name) and isinstance(value, str)}


def sealed_settings(settings: Mapping[str, Any], program_id: int, seal: SettingSeal | None) -> dict[str, Any]:
    """The settings as they are stored: as they are, but for secrets, which need the seal."""
    secrets = plain_secrets(settings)
    if not secrets:
        return dict(settings)
    assert seal is not None, "no secret is stored as text"
    return dict(settings) | seal.sealed(program_id, secrets)


def _owner(program_id: int, name: str) -> bytes:
    return f"{program_id}/{name}".encode()


def _bytes_of(stored: dict[str, Any]) -> bytes:
    """What was sealed; nothing where it is damaged."""
    try:
        return urlsafe_b64decode(stored.get(_FIELD, ""))
    except (TypeError, ValueError):
        return b""
