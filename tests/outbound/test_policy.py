"""Which addresses may be reached."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from gateway.outbound.policy import AddressPolicy, is_public, parse

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::127.0.0.1",
    "::10.0.0.1",
    "fe80::1",
    "fec0::1",
    "fc00::1",
    "fd12::1",
    "ff02::1",
    "2001:db8::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "3fff::1",
    "100::1",
    "5f00::1",
    "2002:7f00:0001::1",
    "2002:0a00:0001::1",
    "2002:c0a8:0101::",
    "2002:a9fe:a9fe::1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::8.8.8.8",
    "2a00:1450::5efe:7f00:1",
    "2a00:1450::200:5efe:a00:1",
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "192.0.3.1",
    "223.255.255.255",
    "2a00:1450:4001::1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "2002:0808:0808::1",
    "64:ff9b::8.8.8.8",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_special_purpose_addresses_are_not_public_however_they_are_wrapped(address):
    assert not is_public(ip_address(address))
    assert AddressPolicy().refuses("example.org", ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public_also_when_wrapped(address):
    assert is_public(ip_address(address))
    assert not AddressPolicy().refuses("example.org", ip_address(address))


@pytest.mark.parametrize(
    ("allowed", "host", "address", "refused"),
    [
        ("loopback", "localhost", "127.0.0.1", False),
        ("loopback", "localhost", "127.8.8.8", False),
        ("loopback", "localhost", "::1", False),
        ("loopback", "localhost", "::ffff:127.0.0.1", False),
        ("loopback", "inside", "10.0.0.1", True),
        ("loopback", "inside", "169.254.169.254", True),
        ("loopback", "inside", "0.0.0.0", True),
        ("10.1.0.0/16", "inside", "10.1.2.3", False),
        ("10.1.0.0/16", "inside", "::ffff:10.1.2.3", False),
        ("10.1.0.0/16", "inside", "10.2.0.1", True),
        ("10.1.2.3", "inside", "10.1.2.3", False),
        ("10.1.2.3", "inside", "10.1.2.4", True),
        ("fd00::/8", "inside", "fd12::1", False),
        ("fd00::/8", "inside", "fe80::1", True),
        ("inside.example", "inside.example", "10.9.9.9", False),
        ("inside.example", "INSIDE.example.", "10.9.9.9", False),
        ("inside.example", "inside.example", "127.0.0.1", False),
        ("inside.example", "inside.example", "169.254.169.254", True),
        ("inside.example", "inside.example", "fe80::1", True),
        ("inside.example", "inside.example", "0.0.0.0", True),
        ("inside.example", "other.example", "10.9.9.9", True),
        ("inside.example", "x.inside.example", "10.9.9.9", True),
        ("2002::/16", "inside", "2002:7f00:1::1", True),
    ],
)
def test_what_is_not_public_is_reached_only_where_it_is_named(allowed, host, address, refused):
    assert AddressPolicy.of((allowed,)).refuses(host, ip_address(address)) is refused


def test_a_network_that_is_none_is_told_at_once():
    with pytest.raises(ValueError, match="bad"):
        AddressPolicy.of(("bad.example/33",))


@pytest.mark.parametrize(
    ("text", "literal"), [("[::1]", "::1"), ("fe80::1%eth0", "fe80::1"), ("127.0.0.1", "127.0.0.1"), ("a.de", None)]
)
def test_literals_are_read_as_urls_write_them(text, literal):
    assert parse(text) == (ip_address(literal) if literal else None)
