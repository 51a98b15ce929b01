"""Which keys and certificates may sign, and what is said of the others; from files as the settings name them."""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import RSAKey

from gateway.errors import SettingsInvalid, SignerAway, SigningKeyUnfit
from gateway.keys import municipality as document_keys
from gateway.keys import style as signatures
from gateway.keys.municipality import DocumentKeys
from gateway.model import Destination, Municipality, SignatureFormat, SignatureStyle
from gateway.operators.checks import Checks
from gateway.settings import reading as settings
from gateway.signature import making
from gateway.signature.identity import SigningIdentity, faults
from gateway.signature.rules import SENTENCES
from gateway.signature.signer import LocalSigner
from gateway.wiring.municipalities import municipality as of_file
from gateway.xoev.schema.signature_place import has_place
from tests.shipped_services import own_services
from tests.signature.conftest import ID, NOW, document, leaf

EVERY = set(SignatureFormat)
ADVANCED = EVERY - {SignatureFormat.JWS}
TOWN = """slug = "tangerhuette"
ars = "150900546546"
name = "Stadt Tangerhütte"
public_url = "https://portal.example"
[fitconnect]
environment = "test"
client_id = "client"
client_secret_file = "secret"
[keys]
{keys}
[[destinations]]
services = ["*"]
destination_id = "879ee109-a690-4db8-ab32-424284184d7d"
{more}
"""


class At:
    def __init__(self, now=NOW):
        self.at = now

    def now(self):
        return self.at


@pytest.fixture
def town(tmp_path, jwks, authority):
    """Write a municipality's file; returns the files read, or raises `SettingsInvalid`."""
    for kind, jwk in jwks.items():
        (tmp_path / f"{kind}.jwk").write_text(json.dumps(jwk), encoding="utf-8")

    def write(keys='signing_jwk_file = "rsa.jwk"', more=""):
        (tmp_path / "town.toml").write_text(TOWN.format(keys=keys, more=more), encoding="utf-8")
        environment = {"token_url": "https://t.example", "submission_api": "https://s.example"}
        values = settings.read(None, municipalities__dir=tmp_path, fitconnect__environments={"test": environment})
        return settings.read_municipalities(values)

    return write


def rules(raised):
    return sorted(each.rule for each in raised.value.findings)


def pem(*chain):
    return b"".join(each.public_bytes(Encoding.PEM) for each in chain)


def test_keys_with_their_chain_sign_everything(signers):
    for signer in signers.values():
        assert faults(signer.identity, EVERY, at=NOW) == ()


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda key, root: SigningIdentity("k", key.public_key()), "signing_certificate_missing"),
        (
            lambda key, root: SigningIdentity("k", key.public_key(), (leaf(key, root, usage=False), root.certificate)),
            "signing_certificate_usage",
        ),
        (
            lambda key, root: SigningIdentity("k", key.public_key(), (leaf(key, root, usage=None), root.certificate)),
            "signing_certificate_usage",
        ),
        (
            lambda key, root: SigningIdentity("k", key.public_key(), (leaf(key, root, ca=True), root.certificate)),
            "signing_certificate_ca",
        ),
        (
            lambda key, root: SigningIdentity("k", key.public_key(), (leaf(key, root), leaf(key, root))),
            "signing_certificate_order",
        ),
        (
            lambda key, root: SigningIdentity(
                "k", ec.generate_private_key(ec.SECP256R1()).public_key(), (leaf(key, root), root.certificate)
            ),
            "signing_certificate_key",
        ),
        (
            lambda key, root: SigningIdentity(
                "k", key.public_key(), (leaf(key, root, not_after=NOW - timedelta(hours=1)), root.certificate)
            ),
            "signing_certificate_validity",
        ),
        (
            lambda key, root: SigningIdentity(
                "k", key.public_key(), (leaf(key, root, algorithm=hashes.SHA224()), root.certificate)
            ),
            "signing_certificate_hash",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_certificate_that_breaks_a_rule(authority, make, rule):
    key = ec.generate_private_key(ec.SECP256R1())
    unfit = make(key, authority)
    assert faults(unfit, EVERY, at=NOW) == (rule,)
    style = SignatureStyle(SignatureFormat.XADES)
    with pytest.raises(SigningKeyUnfit) as refused:
        making.sign(LocalSigner(unfit, key), document(), style, at=NOW, new_id=ID)
    assert SENTENCES[rule][0] in refused.value.sentence("de")


def test_short_rsa_keys_and_strange_curves_are_refused():
    short = rsa.generate_private_key(65537, 2048).public_key()
    assert faults(SigningIdentity("k", short), {SignatureFormat.JWS}) == ("signing_key_bits",)
    weak = rsa.generate_private_key(3, 3072).public_key()
    assert faults(SigningIdentity("k", weak), {SignatureFormat.JWS}) == ("signing_key_bits",)
    strange = ec.generate_private_key(ec.SECP256K1()).public_key()
    assert faults(SigningIdentity("k", strange), {SignatureFormat.JWS}) == ("signing_key_curve",)


def test_brainpool_is_refused_where_json_is_asked_for_and_told_the_way_out(brainpool):
    assert faults(brainpool.signer.identity, {SignatureFormat.XADES}) == ()
    assert faults(brainpool.signer.identity, EVERY) == ("signing_key_brainpool",)
    assert all("P-256" in sentence for sentence in SENTENCES["signing_key_brainpool"])


def test_a_certificate_for_pss_alone_is_refused_where_xml_is_asked_for(authority):
    key = rsa.generate_private_key(65537, 3072)
    certificate = leaf(key, authority)

    class Restricted:
        """The certificate, saying of its key what one for id-RSASSA-PSS says."""

        public_key_algorithm_oid = type(certificate.public_key_algorithm_oid)("1.2.840.113549.1.1.10")

        def __getattr__(self, name):
            return getattr(certificate, name)

    restricted = SigningIdentity("k", key.public_key(), (Restricted(),))
    assert "signing_key_pss" in faults(restricted, {SignatureFormat.XADES})
    assert "signing_key_pss" not in faults(restricted, {SignatureFormat.JADES})


def test_files_are_read_as_the_settings_name_them(town, tmp_path, jwks):
    keys = DocumentKeys(town(), At())
    assert keys.signer("150900546546").identity.kid == jwks["rsa"]["kid"]
    bare = {name: value for name, value in jwks["P-384"].items() if name != "x5c"}
    (tmp_path / "bare.jwk").write_text(json.dumps(bare), encoding="utf-8")
    (tmp_path / "chain.pem").write_bytes(
        pem(*DocumentKeys(town('signing_jwk_file = "P-384.jwk"'), At()).identity("150900546546").chain)
    )
    chained = DocumentKeys(town('signing_jwk_file = "bare.jwk"\ncertificate_chain_file = "chain.pem"'), At())
    chained.check("150900546546", EVERY, at=NOW)
    with pytest.raises(SettingsInvalid) as raised:
        DocumentKeys(town('signing_jwk_file = "bare.jwk"'), At()).check("150900546546", ADVANCED)
    assert rules(raised) == ["signing_certificate_missing"]


@pytest.mark.parametrize(
    ("jwk", "rule"),
    [
        ({"kty": "OKP", "crv": "Ed25519", "kid": "town-1", "x": "AA", "d": "AA"}, "signing_key_kind"),
        ({"kty": "EC", "crv": "BP-256", "kid": "town-1", "x": "AA", "y": "AA", "d": "AA"}, "signing_key_kind"),
        ({"kty": "EC", "crv": "P-256", "kid": "town-1", "x": "AA", "y": "AA", "d": "AA"}, "key_unreadable"),
        ({"kty": "RSA", "kid": "town-1", "n": "!", "e": "AQAB", "d": "AA"}, "key_unreadable"),
        ({"kty": "RSA", "kid": "town-1"}, "key_unreadable"),
        ({"kty": "RSA", "kid": "town-1", "d": "AA", "key_ops": ["unwrapKey"]}, "signing_key_use"),
        ({"kty": "RSA", "kid": "town-1", "d": "AA", "use": "enc"}, "signing_key_use"),
        ([], "key_unreadable"),
    ],
    ids=["Ed25519", "brainpool", "no point", "no number", "no key", "to decrypt", "to encrypt", "no object"],
)
def test_a_key_file_that_cannot_sign_is_named(town, tmp_path, jwk, rule):
    (tmp_path / "odd.jwk").write_text(json.dumps(jwk), encoding="utf-8")
    with pytest.raises(SettingsInvalid) as raised:
        DocumentKeys(town('signing_jwk_file = "odd.jwk"'), At()).check("150900546546", EVERY)
    assert rules(raised) == [rule]
    assert raised.value.findings[0].pointer.startswith("tangerhuette.keys")


def test_a_private_part_of_another_key_is_found_when_the_key_is_loaded(town, tmp_path, jwks):
    other = RSAKey.generate_key(3072, private=True).as_dict(private=True)
    mixed = {**other, **{name: jwks["rsa"][name] for name in ("n", "e", "x5c", "kid")}}
    (tmp_path / "mixed.jwk").write_text(json.dumps(mixed), encoding="utf-8")
    with pytest.raises(SettingsInvalid) as raised:
        DocumentKeys(town('signing_jwk_file = "mixed.jwk"'), At()).signer("150900546546")
    assert rules(raised) == ["key_unreadable"]


def test_many_that_sign_at_once_load_the_key_once(town, monkeypatch):
    entered, loaded = Barrier(8), []
    local = document_keys.signer.local
    monkeypatch.setattr(document_keys.signer, "local", lambda *given: (loaded.append(1), local(*given))[1])
    keys = DocumentKeys(town(), At())

    def sign():
        entered.wait()
        return keys.signer("150900546546")

    with ThreadPoolExecutor(8) as threads:
        assert len({id(each.result()) for each in [threads.submit(sign) for _ in range(8)]}) == 1
    assert len(loaded) == 1


def test_what_is_wrong_with_one_key_keeps_no_other_from_being_loaded(town, tmp_path):
    files = town()
    missing = files[0].keys.model_copy(update={"signing_jwk_file": tmp_path / "missing.jwk"})
    broken = files[0].model_copy(update={"ars": "150900550550", "keys": missing})
    keys = DocumentKeys((broken, *files), At())
    keys.load()
    (tmp_path / "rsa.jwk").unlink()
    assert keys.signer("150900546546").identity.kid
    with pytest.raises(SettingsInvalid):
        keys.signer("150900550550")


@pytest.mark.parametrize(
    ("keys", "more", "found"),
    [
        ("", "", ["signing_key_source"]),
        ('signing_jwk_file = "rsa.jwk"\nexternal_signer = ["sign"]', "", ["missing", "signing_key_source"]),
        ('external_signer = ["sign"]', "", ["missing"]),
        (
            'signing_jwk_file = "rsa.jwk"',
            'signature = { format = "jades", packaging = "enveloped" }',
            ["signature_packaging"],
        ),
        ('signing_jwk_file = "rsa.jwk"', 'signature = { format = "cades" }', ["literal_error"]),
        ('signing_jwk_file = "rsa.jwk"\nexternal_signer_timeout_s = 0', "", ["greater_than"]),
    ],
    ids=["no key", "both", "no certificate", "JSON inside", "unknown format", "no time"],
)
def test_settings_that_do_not_fit_together_are_refused_with_the_place(town, keys, more, found):
    with pytest.raises(SettingsInvalid) as raised:
        town(keys, more)
    assert rules(raised) == found


@pytest.mark.parametrize(
    ("mode", "found"), [(0o700, []), (0o600, ["external_signer_missing"]), (0o702, ["external_signer_writable"])]
)
def test_the_command_is_judged_before_it_is_used(town, tmp_path, signers, mode, found):
    (tmp_path / "sign").write_text("#!/bin/sh\n", encoding="ascii")
    (tmp_path / "sign").chmod(mode)
    (tmp_path / "chain.pem").write_bytes(pem(*signers["P-256"].identity.chain))
    keys = DocumentKeys(town('external_signer = ["sign", "--slot", "2"]\ncertificate_chain_file = "chain.pem"'), At())
    try:
        keys.check("150900546546", EVERY)
        rules_found = []
    except SettingsInvalid as error:
        rules_found = [each.rule for each in error.findings]
    assert rules_found == found
    assert keys.signer("150900546546").command == (str(tmp_path / "sign"), "--slot", "2")


async def test_closing_ends_a_command_that_hangs_and_drops_what_waits(town, tmp_path, signers):
    (tmp_path / "sign").write_text(f"#!/bin/sh\ncat > {tmp_path}/began\nsleep 600\n", encoding="ascii")
    (tmp_path / "sign").chmod(0o700)
    (tmp_path / "chain.pem").write_bytes(pem(*signers["P-256"].identity.chain))
    os.mkfifo(tmp_path / "began")
    files = town('external_signer = ["sign"]\ncertificate_chain_file = "chain.pem"\nexternal_signer_timeout_s = 60')
    keys = DocumentKeys(files, At())
    style = SignatureStyle(SignatureFormat.XADES)
    calls = [asyncio.create_task(keys.sign_document("150900546546", document(), style)) for _ in range(2)]
    await asyncio.to_thread((tmp_path / "began").read_bytes)  # the first one has begun
    keys.close()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in ends] == [SignerAway, asyncio.CancelledError]


async def test_check_tells_key_formats_and_the_end_of_validity(town):
    keys = DocumentKeys(town('signing_jwk_file = "P-256.jwk"'), At())
    signed = municipality(Destination("d", "fitconnect", ("*",), SignatureStyle(SignatureFormat.JADES)))
    check = partial(Checks("de").signing_key, signed, keys, own_services())
    assert await check(NOW) == "kid town-P-256, jades, ≤ 2046-11-21"
    assert "≤ 2046-11-21 (bald" in await check(NOW + timedelta(days=7290))
    with pytest.raises(SettingsInvalid) as raised:
        await check(NOW + timedelta(days=7301))
    assert rules(raised) == ["signing_certificate_validity"]


async def test_a_key_file_that_goes_missing_is_the_cause_and_its_path_is_not_told(town, tmp_path):
    keys = DocumentKeys(town(), At())
    (tmp_path / "rsa.jwk").unlink()
    with pytest.raises(SigningKeyUnfit) as unfit:
        await keys.sign_document("150900546546", document(), SignatureStyle(SignatureFormat.XADES))
    assert "Datei fehlt" in unfit.value.sentence("de")
    assert str(tmp_path) not in str(unfit.value)


async def test_a_corrected_key_signs_without_a_restart(town, tmp_path, jwks):
    keys = DocumentKeys(town(), At())
    assert keys.signer("150900546546").identity.kid == jwks["rsa"]["kid"]
    (tmp_path / "rsa.jwk").write_text("half writ", encoding="utf-8")
    assert keys.signer("150900546546").identity.kid == jwks["rsa"]["kid"], "half a file replaces nothing"
    (tmp_path / "rsa.jwk").write_text(json.dumps(jwks["P-256"]), encoding="utf-8")
    signature = await keys.sign_document("150900546546", document(), SignatureStyle(SignatureFormat.XADES))
    assert signature.certificate_sha256 == keys.identity("150900546546").certificate_sha256
    assert keys.signer("150900546546").identity.kid == jwks["P-256"]["kid"]


def test_a_new_key_waits_for_its_chain(town, tmp_path, jwks, signers):
    """Two files are never replaced at the same moment."""
    for kind in ("P-256", "P-384"):
        bare = {name: value for name, value in jwks[kind].items() if name != "x5c"}
        (tmp_path / f"bare-{kind}.jwk").write_text(json.dumps(bare), encoding="utf-8")
    key, chain = tmp_path / "key.jwk", tmp_path / "chain.pem"
    key.write_bytes((tmp_path / "bare-P-256.jwk").read_bytes())
    chain.write_bytes(pem(*signers["P-256"].identity.chain))
    keys = DocumentKeys(town('signing_jwk_file = "key.jwk"\ncertificate_chain_file = "chain.pem"'), At())
    before = keys.signer("150900546546")
    key.write_bytes((tmp_path / "bare-P-384.jwk").read_bytes())
    assert keys.signer("150900546546") is before
    chain.write_bytes(pem(*signers["P-384"].identity.chain))
    assert keys.signer("150900546546").identity.kid == jwks["P-384"]["kid"]


def test_a_corrected_chain_counts_for_a_command_too(town, tmp_path, signers):
    (tmp_path / "sign").write_text("#!/bin/sh\n", encoding="ascii")
    (tmp_path / "sign").chmod(0o700)
    chain = tmp_path / "chain.pem"
    chain.write_bytes(pem(*signers["P-256"].identity.chain))
    keys = DocumentKeys(town('external_signer = ["sign"]\ncertificate_chain_file = "chain.pem"'), At())
    before = keys.signer("150900546546")
    chain.write_bytes(pem(*signers["P-384"].identity.chain))
    after = keys.signer("150900546546")
    assert after.identity.public == signers["P-384"].identity.public
    assert after._running is before._running, "who closes it knows what still runs"


def municipality(*destinations):
    return Municipality("tangerhuette", "150900546546", "Stadt", "https://x.example", destinations)


def test_the_destination_overrules_the_service_and_the_narrow_one_the_wide_one():
    services = own_services()
    xades, jades = (SignatureStyle(each) for each in (SignatureFormat.XADES, SignatureFormat.JADES))
    town = municipality(
        Destination("wide", "fitconnect", ("*",), jades), Destination("narrow", "fitconnect", ("hausnummer",), xades)
    )
    assert signatures.wanted(town, services) == {SignatureFormat.JADES, SignatureFormat.XADES}
    assert services.get("hausnummer").signature_for(town.destination_for("hausnummer")) == xades
    assert signatures.wanted(municipality(Destination("plain", "fitconnect", ("*",))), services) == {
        SignatureFormat.JWS
    }


def test_what_the_key_cannot_and_the_schema_has_no_place_for_is_refused_at_start(town, jwks, tmp_path):
    bare = {name: value for name, value in jwks["P-256"].items() if name != "x5c"}
    (tmp_path / "bare.jwk").write_text(json.dumps(bare), encoding="utf-8")
    keys = DocumentKeys(town('signing_jwk_file = "bare.jwk"'), At())
    inside = SignatureStyle(SignatureFormat.XADES, enveloped=True)
    with pytest.raises(SettingsInvalid) as raised:
        signatures.check([municipality(Destination("d", "fitconnect", ("hausnummer",), inside))], own_services(), keys)
    assert rules(raised) == ["signature_place", "signing_certificate_missing"]


def test_where_people_log_in_a_key_that_signs_xml_alone_is_refused_at_start(brainpool):
    """A report on who logged in is a JWS, whatever signs the documents."""
    xades = Destination("d", "fitconnect", ("*",), SignatureStyle(SignatureFormat.XADES))
    plain = municipality(xades)
    assert signatures.wanted(plain, own_services()) == {SignatureFormat.XADES}
    wanted = signatures.wanted(replace(plain, logins=True), own_services())
    assert faults(brainpool.signer.identity, wanted) == ("signing_key_brainpool",)


PROVIDER = """
[identity.providers.bundid]
profile = "bundid"
entity_id = "https://t.example"
metadata = "idp.xml"
[identity.providers.bundid.keys]
signing_key_file = "a"
signing_certificate_file = "b"
encryption_key_file = "c"
encryption_certificate_file = "d"
"""


@pytest.mark.parametrize(("more", "logins"), [("", False), (PROVIDER, True)])
def test_a_municipality_with_an_identity_provider_is_one_where_people_log_in(town, more, logins):
    (file,) = town(more=more)
    assert of_file(file, "test").logins is logins


XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
  xmlns="urn:x" targetNamespace="urn:x"><xs:element name="a" {kind}{model}</xs:schema>"""
INLINE = "><xs:complexType><xs:sequence><xs:element name='b'/>{}</xs:sequence></xs:complexType></xs:element>"
NAMED = """type="T"/><xs:complexType name="T"><xs:complexContent><xs:extension base="B"><xs:sequence>{}</xs:sequence>
<xs:attribute name="c"/></xs:extension></xs:complexContent></xs:complexType>"""
SLOT = "<xs:element ref='ds:Signature' minOccurs='0'/>"


@pytest.mark.parametrize(
    ("model", "place"),
    [
        (INLINE.format(SLOT), True),
        (NAMED.format(SLOT), True),
        (INLINE.format(""), False),
        (INLINE.format(SLOT + "<xs:element name='c'/>"), False),
        (INLINE.format("<xs:element ref='Signature'/>"), False),
        (INLINE.format("<xs:any namespace='http://www.w3.org/2000/09/xmldsig#' minOccurs='0'/>"), True),
        (INLINE.format("<xs:any namespace='##other' minOccurs='0'/>"), False),
        (INLINE.format(SLOT.replace("minOccurs='0'", "minOccurs='0' maxOccurs='0'")), False),
    ],
    ids=[
        "inline type",
        "named type",
        "none",
        "not last",
        "another Signature",
        "any of XML Signature",
        "any other",
        "forbidden",
    ],
)
def test_a_place_for_a_signature_is_at_the_end_of_the_root(model, place):
    assert has_place(XSD.format(kind="", model=model).encode()) is place
