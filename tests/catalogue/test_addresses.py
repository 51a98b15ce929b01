"""Addresses in the catalogue: public, with https, without credentials; whatever they are spelled like."""

from __future__ import annotations

import pytest

from gateway.catalogue.addresses import PublicAddresses
from gateway.outbound.policy import AddressPolicy

LIVE = PublicAddresses(AddressPolicy())
TEST = PublicAddresses(AddressPolicy.of(("loopback",)), test=True)


@pytest.mark.parametrize(
    "address",
    [
        "https://rathaus.example/hausnummer",
        "https://rathaus.example:8443/a?b=c#d",
        "https://8.8.8.8/",
        "https://[2a00:1450:4001::1]/",
        "https://xn--tangerhtte-feb.example/",
    ],
)
def test_public_pages_may_stand(address):
    assert LIVE.refusal(address) is None


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        ("javascript:alert(1)", "entry_address_scheme"),
        ("JavaScript://rathaus.example/%0aalert(1)", "entry_address_scheme"),
        ("data:text/html,<b>", "entry_address_scheme"),
        ("ftp://rathaus.example/", "entry_address_scheme"),
        ("http://rathaus.example/", "entry_address_scheme"),
        ("http://127.0.0.1/", "entry_address_scheme"),
        ("//rathaus.example/", "entry_address_scheme"),
        ("/hausnummer", "entry_address_scheme"),
        ("", "entry_address"),
        ("https://", "entry_address"),
        ("https:///pfad", "entry_address"),
        ("https://rathaus.example:99999/", "entry_address"),
        ("https://[::1", "entry_address"),
        ("https://rathaus.example/ leer", "entry_address"),
        ("https://rathaus.example/\nx", "entry_address"),
        ("https://rathaus.example\\@böse.example/", "entry_address"),
        ("https://rathäuser.example/", "entry_address"),
        ("https://2130706433/", "entry_address"),
        ("https://0x7f.1/", "entry_address"),
        ("https://127.1/", "entry_address"),
        ("https://127.0.0.%31/", "entry_address"),  # browsers read 127.0.0.1
        ("https://router.loca%6c/", "entry_address"),
        ("https://router.local%2e/", "entry_address"),
        ("https://rathaus%00.example/", "entry_address"),
        ("https://127.0.0.1;.rathaus.example/", "entry_address"),
        ("https://rathaus..example/", "entry_address"),
        ("https://*.rathaus.example/", "entry_address"),
        ("https://[v1.rathaus]/", "entry_address"),
        ("https://rathaus.example/" + "a" * 2000, "entry_address"),
        ("https://amt:geheim@rathaus.example/", "entry_address_login"),
        ("https://@rathaus.example/", "entry_address_login"),
        ("https://127.0.0.1/", "entry_address_private"),
        ("https://localhost/", "entry_address_private"),
        ("https://LOCALHOST./", "entry_address_private"),
        ("https://10.1.2.3/", "entry_address_private"),
        ("https://fritz.box/", "entry_address_private"),
        ("https://router.localdomain/", "entry_address_private"),
        ("https://169.254.169.254/latest", "entry_address_private"),
        ("https://[::ffff:10.0.0.1]/", "entry_address_private"),
        ("https://[fe80::1]/", "entry_address_private"),
        ("https://rathaus/", "entry_address_private"),
        ("https://drucker.local/", "entry_address_private"),
        ("https://dienst.internal./", "entry_address_private"),
    ],
)
def test_what_nobody_may_or_can_follow_is_refused(address, rule):
    assert LIVE.refusal(address) == rule


def test_loopback_without_tls_is_for_tests_alone():
    for address in ("http://127.0.0.1:8080/pages/termin", "http://localhost:8080/", "http://[::1]/"):
        assert TEST.refusal(address) is None
    assert PublicAddresses(AddressPolicy.of(("loopback",))).refusal("http://127.0.0.1/") == "entry_address_scheme"
    assert PublicAddresses(AddressPolicy(), test=True).refusal("http://127.0.0.1/") == "entry_address_private"
    assert TEST.refusal("http://rathaus.example/") == "entry_address_scheme"


def test_what_the_operator_allows_by_name_may_stand():
    assert PublicAddresses(AddressPolicy.of(("rathaus", "10.0.0.0/8"))).refusal("https://rathaus/") is None
    assert PublicAddresses(AddressPolicy.of(("rathaus", "10.0.0.0/8"))).refusal("https://10.1.1.1/") is None
