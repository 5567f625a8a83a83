"""Where webhooks may go: to public addresses, so that nobody reaches what is behind the server. Pure.

The networks are those that IANA's registries of special-purpose addresses (RFC 6890 and its updates) call not
globally reachable, with multicast, and with the ways to write an IPv4 address as an IPv6 one.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

URL_LENGTH_MAX = 2000
PORT_MIN = 1024
"""Below it are services that have nothing to do with the web, except for its own port."""

Address = IPv4Address | IPv6Address

_REFUSED_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
_GLOBAL_6 = IPv6Network("2000::/3")
_REFUSED_6 = tuple(IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "3fff::/20"))
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""What a network without IPv4 of its own reaches IPv4 by (NAT64, RFC 6052)."""


class Place(Struct, frozen=True):
    """What a URL names: how to get there and what to ask for."""

    scheme: str
    host: str
    port: int
    host_header: str
    target: str


def is_public(address: str) -> bool:
    """Whether a numeric address leads to the public internet, however it is written."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return _is_public_4(parsed)
    # An address with a zone means one of this machine's own networks.
    return parsed.scope_id is None and _is_public_6(parsed)


def place_of(url: str, *, is_private_allowed: bool) -> Place | None:
    """What the URL names; None for one that webhooks do not go to, whatever its host resolves to.

    HTTPS on its own port or from 1024 on, without a user or a fragment. Where private addresses are allowed,
    plain HTTP and every port are as well. The host is a name in ASCII, or an address.
    """
    parts = _split(url)
    if parts is None or parts.scheme not in ("https", "http") or not parts.hostname:
        return None
    if parts.username is not None or parts.password is not None or "#" in url:
        return None
    default = 443 if parts.scheme == "https" else 80
    port = default if parts.port is None else parts.port
    if not is_private_allowed:
        if parts.scheme != "https" or (port != default and port < PORT_MIN):
            return None
        if _is_address(parts.hostname) and not is_public(parts.hostname):
            return None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, parts.hostname, port, parts.netloc, target)


def _split(url: str) -> SplitResult | None:
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        # Reading the port is what raises for one that is no number.
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_public_4(address: IPv4Address) -> bool:
    return not any(address in network for network in _REFUSED_4)


def _is_public_6(address: IPv6Address) -> bool:
    if address in _TRANSLATED:
        return _is_public_4(IPv4Address(address.packed[12:]))
    if address in _SIX_TO_FOUR:
        return _is_public_4(IPv4Address(address.packed[2:6]))
    return address in _GLOBAL_6 and not any(address in network for network in _REFUSED_6)
