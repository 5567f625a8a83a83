"""Who calls the demo: the tills of its hotels, the kiosks of its venues, and the counters of its stores."""

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


def counter(
    server: Server, path: str, api_key: str, *, idempotency_key: str = "", **body: Any
) -> httpx2.Response:
    """What a store's counter is answered."""
    headers = {"x-api-key": api_key, "x-idempotency-key": idempotency_key}
    return httpx2.post(f"{server.url}{path}", headers=headers, json=body, timeout=10)
