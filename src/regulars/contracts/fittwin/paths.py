"""The addresses of this contract, which is served bare and below /api/v1."""

API = "/api/v1"


def both(path: str) -> list[str]:
    """The path, and the path below /api/v1."""
    return [path, API + path]
