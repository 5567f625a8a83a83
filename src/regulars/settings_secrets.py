"""Secrets: how weak ones are told, and the key that a server makes for itself."""

import os
import secrets
from pathlib import Path

from regulars.settings_sources import Secret, SettingsInvalid

_DISTINCT_CHARACTERS_MIN = 8
_PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "default",
    "example",
    "insecure",
    "password",
    "placeholder",
)


def weakness_of(secret: str, length_min: int) -> str | None:
    """Why a secret is too weak, in words that do not show it; None when it will do."""
    if len(secret) < length_min:
        return f"has fewer than {length_min} characters"
    if len(set(secret)) < _DISTINCT_CHARACTERS_MIN:
        return f"is made of fewer than {_DISTINCT_CHARACTERS_MIN} different characters"
    lowered = secret.lower()
    if any(placeholder in lowered for placeholder in _PLACEHOLDERS):
        return "looks like a placeholder"
    return None


def generated_secret_key(data_directory: Path) -> Secret:
    """The key in `secret.key` of the data directory, made at the first call.

    Several processes that start at once end up with the same key. Raises SettingsInvalid when the
    file can be read by others or has been damaged.
    """
    path = data_directory / "secret.key"
    if not path.exists():
        data_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _create(path, secrets.token_urlsafe(48))
    if path.stat().st_mode & 0o077:
        raise SettingsInvalid([f"{path} can be read by other users of this machine: chmod 600 it"])
    key = path.read_text(encoding="utf-8").strip()
    if weakness_of(key, 32):
        raise SettingsInvalid([f"{path} is damaged: restore it from a backup, or API keys stop working"])
    return Secret(key)


def _create(path: Path, text: str) -> None:
    """Makes the file with all its content, or leaves the one that another process made first."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
