"""Chains: only to pinned roots, and each broken rule has its name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.crypto import certificates
from gateway.errors import KeyUnfit

CA = {"ca": True, "usage": ("key_cert_sign", "crl_sign")}


@pytest.fixture(scope="module")
def root(certify):
    return certify("Root", "Root", key="root", **CA)


@pytest.fixture(scope="module")
def middle(certify):
    return certify("Middle", "Root", key="signing", path_length=0, **CA)


@pytest.fixture(scope="module")
def leaf(certify):
    return certify("Leaf", "Middle", signer="signing", ca=False)


def der(*chain):
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in chain)


@pytest.fixture
def check(now):
    def run(chain, roots, *, at=now, usage="keyEncipherment"):
        certificates.check_chain(der(*chain), roots, now=at, usage=usage)

    return run


@pytest.fixture
def rule(check):
    def run(*arguments, **named):
        with pytest.raises(KeyUnfit) as unfit:
            check(*arguments, **named)
        broken = unfit.value.params["rule"]
        assert broken in certificates.RULES
        return broken

    return run


def test_a_chain_to_a_pinned_root_passes_with_and_without_the_root(check, leaf, middle, root):
    check([leaf, middle, root], [root])
    check([leaf, middle], [root])


@pytest.mark.parametrize("algorithm", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
@pytest.mark.parametrize("pss", [True, False])
def test_rsa_signatures_with_sha2_pass(algorithm, pss, check, certify, root):
    scheme = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size) if pss else padding.PKCS1v15()
    check([certify("Leaf", "Root", ca=False, scheme=scheme, algorithm=algorithm)], [root])


def test_a_root_that_only_came_along_is_not_trusted(rule, certify, leaf, middle, root):
    other = certify("Root", "Root", key="encryption", signer="encryption", **CA)
    assert rule([leaf, middle, root], [other]) == "chain_root"
    assert rule([leaf, middle, root], []) == "chain_root"
    assert rule([leaf], [root]) == "chain_root"


def test_a_self_signed_leaf_is_not_trusted_even_where_it_is_pinned(rule, root, certify):
    alone = certify("Alone", "Alone", signer="encryption", ca=False)
    assert rule([alone], [root]) == "chain_root"
    assert rule([root], [root]) == "chain_leaf"


def test_each_certificate_is_signed_by_the_next(rule, certify, leaf, middle, root):
    forged = certify("Leaf", "Middle", signer="encryption", ca=False)
    assert rule([forged, middle], [root]) == "chain_signature"
    stranger = certify("Leaf", "Somebody", signer="signing", ca=False)
    assert rule([stranger, middle], [root]) == "chain_signature"
    assert rule([leaf, root, middle], [root]) == "chain_signature"


def test_another_hash_or_another_kind_of_key_does_not_sign(rule, certify, rsa_keys):
    p256 = ec.derive_private_key(11, ec.SECP256R1())
    root = certify("Root", "Root", key=p256, signer=p256, **CA)
    assert rule([certify("Leaf", "Root", signer=p256, ca=False)], [root]) == "chain_root"
    good = certify("Root", "Root", key="root", **CA)
    sha224 = certify("Leaf", "Root", ca=False, scheme=padding.PKCS1v15(), algorithm=hashes.SHA224())
    assert rule([sha224], [good]) == "chain_root"
    mixed = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    assert rule([certify("Leaf", "Root", ca=False, scheme=mixed)], [good]) == "chain_root"


def test_every_certificate_is_valid_now(rule, check, certify, leaf, middle, root, now):  # noqa: PLR0917 - fixtures
    for at in (now - timedelta(days=2), now + timedelta(days=2)):
        assert rule([leaf, middle], [root], at=at) == "chain_validity"
    check([leaf, middle], [root], at=now + timedelta(days=1))
    old = {"before": now - timedelta(days=9), "after": now - timedelta(seconds=1)}
    assert rule([certify("Leaf", "Middle", signer="signing", ca=False, **old), middle], [root]) == "chain_validity"
    assert rule([leaf, certify("Middle", "Root", key="signing", **CA, **old)], [root]) == "chain_validity"
    assert rule([leaf, middle], [certify("Root", "Root", key="root", **CA, **old)]) == "chain_validity"


@pytest.mark.parametrize(
    "weak",
    [
        {"ca": False, "usage": ("key_cert_sign",)},
        {"ca": None, "usage": ("key_cert_sign",)},
        {"ca": True, "usage": ("digital_signature",)},
        {"ca": True, "usage": None},
    ],
)
def test_an_issuer_must_be_an_authority(weak, rule, certify, leaf, root):
    assert rule([leaf, certify("Middle", "Root", key="signing", **weak)], [root]) == "chain_ca"


def test_an_authority_stands_no_deeper_than_allowed(rule, check, certify, root):
    upper = certify("Upper", "Root", key="signing", path_length=0, **CA)
    lower = certify("Lower", "Upper", key="encryption", signer="signing", **CA)
    leaf = certify("Leaf", "Lower", signer="encryption", ca=False)
    assert rule([leaf, lower, upper], [root]) == "chain_path_length"
    check([leaf, lower, certify("Upper", "Root", key="signing", path_length=1, **CA)], [root])
    short = certify("Root", "Root", key="root", path_length=0, **CA)
    assert rule([leaf, lower, upper], [short]) == "chain_path_length"


def test_the_leaf_is_no_authority_and_its_usage_fits(rule, check, certify, root):
    assert rule([certify("Leaf", "Root", ca=True)], [root]) == "chain_leaf"
    check([certify("Leaf", "Root", ca=None)], [root])
    assert rule([certify("Leaf", "Root", ca=False)], [root], usage="digitalSignature") == "chain_key_usage"
    signs = certify("Leaf", "Root", ca=False, usage=("digital_signature",))
    check([signs], [root], usage="digitalSignature")
    assert rule([signs], [root]) == "chain_key_usage"
    assert rule([certify("Leaf", "Root", ca=False, usage=None)], [root]) == "chain_key_usage"


def test_critical_extensions_that_are_not_understood_are_refused(rule, check, certify, root):
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    check([certify("Leaf", "Root", ca=False, extra=[(unknown, False)])], [root])
    assert rule([certify("Leaf", "Root", ca=False, extra=[(unknown, True)])], [root]) == "chain_extension"
    names = x509.NameConstraints(permitted_subtrees=[x509.DNSName("example.org")], excluded_subtrees=None)
    bound = certify("Root", "Root", key="root", extra=[(names, True)], **CA)
    assert rule([certify("Leaf", "Root", ca=False)], [bound]) == "chain_extension"


def test_what_cannot_be_read_is_refused(leaf, root, now):
    for chain in ((), (b"\x30\x00",), (b"",), der(*[leaf] * 11), (*der(leaf), b"x"), (der(leaf)[0] + b"\0",)):
        with pytest.raises(KeyUnfit) as unfit:
            certificates.check_chain(chain, [root], now=now, usage="keyEncipherment")
        assert unfit.value.params["rule"] == "chain_form"


def test_a_changed_byte_anywhere_breaks_the_chain(leaf, middle, root, now):
    raw = der(leaf)[0]
    for place in range(0, len(raw), 7):
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(KeyUnfit):
            certificates.check_chain((bytes(changed), *der(middle)), [root], now=now, usage="keyEncipherment")
