"""Where this contract's pages and cards are reached from outside."""

from regulars.http.addresses import base_url

__all__ = ["APPLE", "WALLET", "base_url", "wallet_path"]

WALLET = "/wallet"
APPLE = "/wallet/apple"
"""What Apple's web service begins with; phones add /v1 and so on."""


def wallet_path(token: str) -> str:
    """The page of a card."""
    return f"{WALLET}/{token}"
