"""Files that are written in full or not at all."""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Puts the text in place of what the file held, on the disk in the end and readable by its owner only."""
    draft = path.with_name(f"{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
