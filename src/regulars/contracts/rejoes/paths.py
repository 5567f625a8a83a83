"""The addresses of this contract: its headings omit /api and its examples use it, so both are served."""

API = "/api"


def both(path: str) -> list[str]:
    """The path, and the path below /api."""
    return [path, API + path]


def plain(path: str) -> str:
    """The path without /api: what a request asks for is the same under both."""
    return path.removeprefix(API) if path.startswith(API + "/") else path
