"""Who calls the demo: the tills of its hotels, and the kiosks of its venues."""

from typing import Any

import httpx2

from tests.cli.processes import Server


def till(server: Server, path: str, key: str, **body: Any) -> httpx2.Response:
    """What a hotel's till is answered."""
    address = f"{server.url}/wp-json/loyalty/v1/{path}"
    return httpx2.post(address, headers={"X-API-Key": key}, json=body, timeout=10)


def kiosk(server: Server, path: str, key: str, **body: Any) -> httpx2.Response:
    """What a kiosk is answered."""
    return httpx2.post(f"{server.url}/loyalty/{path}", headers={"x-kiosk-secret": key}, json=body, timeout=10)
