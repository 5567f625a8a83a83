"""The project's own Python files, parsed once for all the rules about them."""

import ast
from functools import cache
from pathlib import Path

import msgspec

CHECKOUT = Path(__file__).parents[2]


class SourceFile(msgspec.Struct, frozen=True):
    """One Python file of the checkout."""

    name: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """What the file says."""
        return _parsed(self.name, self.text)

    @property
    def module(self) -> str:
        """How the file is imported: `regulars.base.ids`."""
        parts = Path(self.name).with_suffix("").parts
        parts = parts[1:] if parts[0] == "src" else parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def source_files() -> tuple[SourceFile, ...]:
    """Every Python file below src and tests, in order."""
    paths = [path for folder in ("src", "tests") for path in sorted((CHECKOUT / folder).rglob("*.py"))]
    return tuple(
        SourceFile(name=str(path.relative_to(CHECKOUT)), text=path.read_text(encoding="utf-8"))
        for path in paths
    )


@cache
def _parsed(name: str, text: str) -> ast.Module:
    return ast.parse(text, name)
