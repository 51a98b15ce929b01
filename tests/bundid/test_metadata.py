"""Our metadata keep BundID's rules; those of identity providers change no key by themselves."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from gateway.bundid import names
from gateway.bundid.idp_metadata import REASONS, MetadataUnfit, Pinned, compared, read_idp_metadata
from gateway.bundid.keys import ProviderKeys
from gateway.bundid.metadata import service_provider_metadata
from tests.bundid.key_pairs import IDP, NOW, certified, idp_metadata, key_descriptor

NS = {"md": names.METADATA, "ds": names.DSIG}
ENTITY_ID, ACS = "https://login.town.example", "http://localhost:8080/saml/town/bundid/acs"


@pytest.fixture(scope="module")
def pairs(rsa_keys):
    return {name: certified(key) for name, key in rsa_keys.items()}


def reason(document: bytes) -> str:
    with pytest.raises(MetadataUnfit) as refused:
        read_idp_metadata(document)
    assert refused.value.reason in REASONS
    return refused.value.reason


def test_our_metadata_keep_the_rules_of_bundid(pairs):
    document = service_provider_metadata(ENTITY_ID, ACS, ProviderKeys(pairs["signing"], pairs["encryption"]))
    root = etree.fromstring(document)
    assert dict(root.attrib) == {"entityID": ENTITY_ID}
    for name in (b"validUntil", b"cacheDuration", b" ID=", b"EncryptionMethod", b"DigestMethod", b"SigningMethod"):
        assert name not in document
    assert root.xpath("md:SPSSODescriptor/md:KeyDescriptor/@use", namespaces=NS) == ["signing", "encryption"]
    (acs,) = root.xpath("md:SPSSODescriptor/md:AssertionConsumerService", namespaces=NS)
    assert dict(acs.attrib) == {"Binding": names.HTTP_POST, "Location": ACS, "index": "0", "isDefault": "true"}
    assert root[0].get("AuthnRequestsSigned") == root[0].get("WantAssertionsSigned") == "true"


def test_a_second_pair_of_keys_stands_in_our_metadata_behind_the_first(pairs):
    other = pairs["root"]
    keys = ProviderKeys(pairs["signing"], pairs["encryption"], next_signing=other, next_encryption=other)
    root = etree.fromstring(service_provider_metadata(ENTITY_ID, ACS, keys))
    shown = root.xpath("//ds:X509Certificate/text()", namespaces=NS)
    serials = [x509.load_der_x509_certificate(base64.b64decode(each)).public_key() for each in shown]
    expected = [pairs["signing"], other, pairs["encryption"], other]
    assert serials == [pair.certificate.public_key() for pair in expected]


def test_keys_for_signing_and_those_without_a_use_verify_and_those_for_encryption_never_do(pairs):
    signing, without, encryption = pairs["signing"], pairs["root"], pairs["encryption"]
    found = read_idp_metadata(
        idp_metadata(key_descriptor(encryption, "encryption"), key_descriptor(signing), key_descriptor(without, None))
    )
    assert [key.key for key in found.keys] == [signing.key.public_key(), without.key.public_key()]
    assert found.entity_id == IDP
    assert found.addresses == {"post": "https://idp.example/POST/SSO", "redirect": "https://idp.example/Redirect/SSO"}
    assert found.keys[0].not_after == signing.not_after


def test_metadata_whose_keys_are_all_for_encryption_are_refused(pairs):
    assert reason(idp_metadata(key_descriptor(pairs["signing"], "encryption"))) == "no_signing_key"
    assert reason(idp_metadata()) == "no_signing_key"


def test_a_comment_in_a_certificate_does_not_cut_it_short(pairs):
    whole = idp_metadata(key_descriptor(pairs["signing"]))
    at = whole.index(b"MII") + 40
    commented = whole[:at] + b"<!-- x -->" + whole[at:]
    assert read_idp_metadata(commented).digests == read_idp_metadata(whole).digests


def test_what_is_no_metadata_is_refused_with_a_reason(pairs, rsa_keys):
    good = idp_metadata(key_descriptor(pairs["signing"]))
    assert reason(b"") == "xml"
    assert reason(b"<!DOCTYPE a [<!ENTITY x 'y'>]>" + good) == "xml"
    assert reason(good.decode().encode("utf-16")) == "xml"
    assert reason(good + b" " * (1 << 20)) == "xml"
    assert reason(good.replace(b"IDPSSODescriptor", b"SPSSODescriptor")) == "no_identity_provider"
    assert reason(good.replace(b'protocol"', b'protocolx"')) == "no_identity_provider"
    assert reason(good.replace(IDP.encode(), b"")) == "entity_id"
    assert reason(good.replace(b"MII", b"MIX")) == "key"
    assert reason(good.replace(b"https://idp.example/", b"javascript:")) == "no_address"
    assert reason(good.replace(b"https://idp.example/", b"https://a@idp.example/")) == "no_address"
    assert reason(idp_metadata(key_descriptor(pairs["signing"]), root='validUntil="soon"')) == "valid_until"
    short = certified(rsa.generate_private_key(65537, 1024))
    assert reason(idp_metadata(key_descriptor(short))) == "key"

    wrapped = b'<md:EntitiesDescriptor xmlns:md="' + names.METADATA.encode() + b'">%s</md:EntitiesDescriptor>'
    assert read_idp_metadata(wrapped % good).entity_id == IDP
    assert reason(wrapped % (good + good)) == "no_identity_provider"


def test_the_earliest_end_of_validity_counts(pairs):
    document = idp_metadata(key_descriptor(pairs["signing"]), root='validUntil="2026-12-01T00:00:00Z"')
    later = document.replace(b"<md:IDPSSODescriptor", b'<md:IDPSSODescriptor validUntil="2026-11-30T09:00:00Z"')
    assert read_idp_metadata(document).valid_until == NOW.replace(month=12, day=1, hour=0, microsecond=0)
    assert read_idp_metadata(later).valid_until == NOW.replace(hour=9, microsecond=0)


def test_a_fetch_alone_changes_no_key(pairs):
    mine, other = key_descriptor(pairs["signing"]), key_descriptor(pairs["root"])
    pinned = read_idp_metadata(idp_metadata(mine))
    same = read_idp_metadata(idp_metadata(mine).replace(b"/POST/SSO", b"/POST2/SSO"))
    more, swapped = read_idp_metadata(idp_metadata(mine, other)), read_idp_metadata(idp_metadata(other))
    assert Pinned(pinned).refused(same, NOW) is None
    assert Pinned(pinned).refused(more, NOW) == "other_keys"
    assert Pinned(pinned).refused(swapped, NOW) == "other_keys"
    changes = compared(pinned, more)
    assert (changes.added, changes.removed) == (more.digests - pinned.digests, frozenset())
    assert compared(pinned, same).addresses


def test_the_keys_that_the_operator_named_are_the_only_ones_and_let_a_roll_over_pass(pairs):
    mine, other = key_descriptor(pairs["signing"]), key_descriptor(pairs["root"])
    old, both, new = (read_idp_metadata(idp_metadata(*each)) for each in ((mine,), (mine, other), (other,)))
    trusted = both.digests
    assert Pinned(old, trusted).refused(both, NOW) is None
    assert Pinned(both, trusted).refused(new, NOW) is None
    assert Pinned(old, old.digests).refused(new, NOW) == "no_trusted_key"
    assert [key.digest for key in Pinned(both, old.digests).keys] == list(old.digests)


def test_other_entity_other_host_and_expired_documents_are_refused(pairs):
    mine = key_descriptor(pairs["signing"])
    pinned = Pinned(read_idp_metadata(idp_metadata(mine)))
    assert (
        pinned.refused(read_idp_metadata(idp_metadata(mine, entity_id="https://x.example")), NOW) == "other_entity_id"
    )
    assert pinned.refused(read_idp_metadata(idp_metadata(mine, host="https://evil.example")), NOW) == "other_host"
    assert pinned.refused(read_idp_metadata(idp_metadata(mine, host="http://idp.example")), NOW) == "other_host"
    expired = replace(pinned.metadata, valid_until=NOW - timedelta(seconds=1))
    assert pinned.refused(expired, NOW) == "expired"
