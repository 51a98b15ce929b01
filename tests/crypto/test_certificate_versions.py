"""A certificate of a version that does not exist is refused by every reader as any other that cannot be read."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.bundid import keys
from gateway.bundid.keys import KeyPairUnfit
from gateway.crypto.certificates import certificates_of
from gateway.errors import KeyUnfit, SettingsInvalid
from gateway.keys.pem import read_certificates
from gateway.web.http.certificate import parsed
from tests.bundid.key_pairs import certified

THREE, TEN = b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09"


@pytest.fixture(scope="module")
def der(rsa_keys) -> bytes:
    found = certified(rsa_keys["root"]).certificate.public_bytes(Encoding.DER)
    assert THREE in found
    return found.replace(THREE, TEN, 1)


@pytest.fixture(scope="module")
def pem(der) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


def test_in_files_of_the_operator_it_is_a_sentence(tmp_path, pem):
    (tmp_path / "cert.pem").write_bytes(pem)
    with pytest.raises(SettingsInvalid):
        read_certificates(tmp_path / "cert.pem", "setting", "rule")
    with pytest.raises(KeyPairUnfit):
        keys.certificate(pem)


def test_in_a_chain_it_is_unfit(der):
    with pytest.raises(KeyUnfit):
        certificates_of([der])


def test_in_a_header_field_of_the_proxy_it_is_none(pem):
    assert parsed(pem.replace(b"\n", b"%0A").replace(b" ", b"%20").replace(b"+", b"%2B")) is None
