"""The schemas are the published ones, and nothing is loaded when they are read or a message is held to them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from gateway.bundid import schemas

from . import responses as made

FOLDER = Path(schemas.__file__).parent


def test_every_schema_has_the_digest_of_its_source():
    sources = (FOLDER / "SOURCES.md").read_text()
    named = dict(re.findall(r"^\| `([\w.-]+\.xsd)` \|.*\| `([0-9a-f]{64})` \|$", sources, re.MULTILINE))
    assert named == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*.xsd")}


def test_a_well_made_answer_is_valid_encrypted_and_plain():
    assert schemas.is_valid(made.genuine())
    assert schemas.is_valid(made.response(made.signed(made.assertion())))


@pytest.mark.parametrize(
    "broken",
    [
        made.response().replace(b"<saml2p:Status>", b"<saml2p:Nothing/><saml2p:Status>"),
        made.response().replace(b'Version="2.0"', b"", 1),
        made.response(made.assertion(), said=""),
        made.response(made.assertion().replace(b"<saml2:Subject>", b"<saml2:Subject>x")),
        b"<nothing/>",
    ],
)
def test_what_the_schema_does_not_know_is_not_valid(broken):
    assert not schemas.is_valid(broken)


def test_a_hint_where_schemas_lie_is_not_followed(tmp_path):
    trap = tmp_path / "trap.xsd"
    element = '<element name="x" type="integer"/>'
    trap.write_text(f'<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:trap">{element}</schema>')
    unknown = made.response(extensions='<saml2p:Extensions><t:x xmlns:t="urn:trap">none</t:x></saml2p:Extensions>')
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    hint = f'<saml2p:Response xmlns:xsi="{xsi}" xsi:schemaLocation="urn:trap {trap.as_uri()}" '.encode()
    assert schemas.is_valid(unknown.replace(b"<saml2p:Response ", hint)), (
        "the number was judged by a schema of strangers"
    )


def test_a_type_of_the_identity_providers_own_and_a_long_serial_number_do_no_harm():
    odd = made.assertion().replace(b'xsi:type="xsd:string"', b'xmlns:e="urn:e" xsi:type="e:AdresseType"')
    assert schemas.is_valid(made.response(odd))
    number = f"<ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>{'7' * 48}</ds:X509SerialNumber>"
    serial = f"<ds:X509IssuerSerial>{number}</ds:X509IssuerSerial>"
    how = made.Signing(key_info=f"<ds:KeyInfo><ds:X509Data>{serial}</ds:X509Data></ds:KeyInfo>")
    assert schemas.is_valid(made.response(made.signed(made.assertion(), how=how)))
