"""Whatever comes as metadata: it is taken or refused with a reason, quickly, and nothing else."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.bundid.idp_metadata import MetadataUnfit, read_idp_metadata
from tests.bundid.key_pairs import certified, idp_metadata, key_descriptor
from tests.properties import TIMES


@pytest.fixture(scope="module")
def document(rsa_keys) -> bytes:
    return idp_metadata(key_descriptor(certified(rsa_keys["root"])), root='validUntil="2027-01-01T00:00:00Z"')


def reason(document: bytes) -> str:
    with pytest.raises(MetadataUnfit) as refused:
        read_idp_metadata(document)
    return refused.value.reason


def test_bytes_changed_anywhere_are_taken_or_refused(document):
    @settings(max_examples=400 * TIMES)
    @given(st.data())
    def changed(data):
        at = data.draw(st.integers(0, len(document) - 1))
        length = data.draw(st.sampled_from([0, 1, 1, 2, 40]))
        put = data.draw(
            st.one_of(st.binary(max_size=6), st.sampled_from([b"<!---->", b"<a/>", b"&#0;", b"&x;", b"]]>"]))
        )
        with suppress(MetadataUnfit):
            read_idp_metadata(document[:at] + put + document[at + length :])

    changed()


def test_a_namespace_that_cannot_be_canonicalised_is_refused(document):
    assert reason(document.replace(b"<md:IDPSSODescriptor", b'<md:IDPSSODescriptor xmlns:n="1" n:a="b"')) == "xml"


def test_a_certificate_of_an_unknown_version_is_refused(document, rsa_keys):
    der = certified(rsa_keys["root"]).certificate.public_bytes(Encoding.DER)
    assert b"\xa0\x03\x02\x01\x02" in der
    other = base64.b64encode(der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09", 1))
    assert reason(document.replace(base64.b64encode(der), other)) == "key"


@pytest.mark.parametrize(
    ("modulus", "exponent"), [(b"\xff" * 400_000, b"\3"), (b"", b"\3"), (b"\xff" * 512, b"\2"), (b"\xff" * 512, b"")]
)
def test_a_bare_key_that_is_none_or_too_large_is_refused(document, rsa_keys, modulus, exponent):
    n, e = (base64.b64encode(part).decode() for part in (modulus, exponent))
    bare = (
        "<ds:KeyValue><ds:RSAKeyValue>"
        f"<ds:Modulus>{n}</ds:Modulus><ds:Exponent>{e}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
    )
    assert reason(_with(document, bare)) == "key"


def test_a_bare_rsa_key_is_the_same_key_as_in_a_certificate(document, rsa_keys):
    numbers = rsa_keys["root"].public_key().public_numbers()
    n, e = (
        base64.b64encode(value.to_bytes((value.bit_length() + 7) // 8)).decode() for value in (numbers.n, numbers.e)
    )
    bare = (
        "<ds:KeyValue><ds:RSAKeyValue>"
        f"<ds:Modulus>{n}</ds:Modulus><ds:Exponent>{e}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
    )
    assert read_idp_metadata(_with(document, bare)).digests == read_idp_metadata(document).digests


@pytest.mark.parametrize(
    "part", ["", "<ds:RSAKeyValue/>", "<ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus></ds:RSAKeyValue>"]
)
def test_a_bare_key_that_lacks_parts_is_refused(document, part):
    assert reason(_with(document, f"<ds:KeyValue>{part}</ds:KeyValue>")) == "key"


def _with(document: bytes, bare: str) -> bytes:
    """The document with that in place of its certificate."""
    begin, end = document.index(b"<ds:X509Data>"), document.index(b"</ds:X509Data>") + len(b"</ds:X509Data>")
    return document[:begin] + bare.encode() + document[end:]
