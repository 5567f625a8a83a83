"""Webhooks go to public addresses only, however others are written."""

import pytest

from regulars.features.webhooks.rules_addresses import Place, is_public, place_of

REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.1.2.3",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "64:ff9b:1::8.8.8.8",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:c0a8:101::1",
    "2002:a9fe:a9fe::",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "3fff::1",
    "3fff:fff::1",
    "100::1",
    "5f00::1",
    "4000::1",
    "fc00::1",
    "fd00::1",
    "fdff:ffff::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "2606:4700::1%1",
    "localhost",
    "example.com",
    "127.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "1.1.1",
    "1.1.1.1.1",
    "01.1.1.1",
    "1.1.1.256",
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2001:200::1",
    "2a00:1450:4001::1",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", [*REFUSED, "", " 1.1.1.1", "1.1.1.1 ", "١.1.1.1"])
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_not(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://shop.example", Place("https", "shop.example", 443, "shop.example", "/")),
        ("https://Shop.example/a?b=c", Place("https", "shop.example", 443, "Shop.example", "/a?b=c")),
        ("https://shop.example:8443/", Place("https", "shop.example", 8443, "shop.example:8443", "/")),
        ("https://8.8.8.8/", Place("https", "8.8.8.8", 443, "8.8.8.8", "/")),
        ("https://[2606:4700::1]/x", Place("https", "2606:4700::1", 443, "[2606:4700::1]", "/x")),
    ],
)
def test_places(url: str, place: Place) -> None:
    assert place_of(url, is_private_allowed=False) == place
    assert place_of(url, is_private_allowed=True) == place


NOWHERE = [
    "", "shop.example", "//shop.example/", "ftp://shop.example/", "file:///etc/passwd", "https://",
    "https:///path", "https://:443/", "https://user@shop.example/", "https://user:password@shop.example/",
    "https://@shop.example/", "https://shop.example/#fragment", "https://shop.example/#",
    "https://shop.example:0/", "https://shop.example:65536/", "https://shop.example:port/",
    "https://shop.example/\n", "https://shop.example/ x", "https://shop.example\\@evil.example/",
    "https://[::1", "https://шоп.example/", "https://shop.example/" + "x" * 2000, "\x00https://shop.example/",
]  # fmt: skip
PRIVATE = [
    "http://shop.example/", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
    "https://10.0.0.1:8443/", "https://shop.example:80/", "https://shop.example:22/",
    "https://shop.example:1023/", "https://169.254.169.254/latest/meta-data/",
]  # fmt: skip


@pytest.mark.parametrize("is_private_allowed", [False, True])
@pytest.mark.parametrize("url", NOWHERE)
def test_addresses_that_are_never_gone_to(url: str, is_private_allowed: bool) -> None:
    assert place_of(url, is_private_allowed=is_private_allowed) is None


@pytest.mark.parametrize("url", PRIVATE)
def test_addresses_that_are_gone_to_where_it_is_allowed(url: str) -> None:
    assert place_of(url, is_private_allowed=False) is None
    assert place_of(url, is_private_allowed=True) is not None
