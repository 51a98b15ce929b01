"""Revocation: what is asked, and that no doubtful answer passes for a good one."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from gateway.crypto import revocation
from gateway.errors import KeyUnfit

CA = {"ca": True, "usage": ("key_cert_sign", "crl_sign")}
PSS = padding.PSS(padding.MGF1(hashes.SHA512()), 64)
DAY = timedelta(days=1)


def uris(*values):
    return [x509.UniformResourceIdentifier(value) for value in values]


def points(*values):
    return (x509.CRLDistributionPoints([x509.DistributionPoint(uris(*values), None, None, None)]), False)


def responder(value):
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, *uris(value))
    return (x509.AuthorityInformationAccess([access]), False)


@pytest.fixture(scope="module")
def path(certify):
    leaf = certify(
        "Leaf",
        "Middle",
        signer="signing",
        ca=False,
        serial=100,
        extra=[responder("http://ocsp.example/x"), points("ldap://crl.example/m", "http://crl.example/m.crl")],
    )
    middle = certify("Middle", "Root", key="signing", serial=200, extra=[points("http://crl.example/r.crl")], **CA)
    return leaf, middle, certify("Root", "Root", key="root", serial=300, **CA)


@pytest.fixture(scope="module")
def chain(path):
    return [certificate.public_bytes(Encoding.DER) for certificate in path]


@pytest.fixture(scope="module")
def requests(chain, path):
    return revocation.revocation_requests(chain, [path[2]])


@pytest.fixture(scope="module")
def crl(rsa_keys, now):
    def make(issuer, signer, *revoked, since=-DAY, until=DAY, scheme=PSS, extra=()):
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.subject)
            .last_update(now + since)
            .next_update(now + until)
        )
        for serial in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - DAY).build()
            builder = builder.add_revoked_certificate(entry)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(rsa_keys[signer], hashes.SHA512(), rsa_padding=scheme).public_bytes(Encoding.DER)

    return make


@pytest.fixture(scope="module")
def answer(rsa_keys, now):
    def make(
        certificate,
        issuer,
        signer="signing",
        *,
        status=ocsp.OCSPCertStatus.GOOD,
        since=-DAY,
        until=DAY,
        delegate=None,
        algorithm=None,
        named=None,
    ):
        revoked = status == ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=certificate,
            issuer=issuer,
            algorithm=named or hashes.SHA1(),
            cert_status=status,
            this_update=now + since,
            next_update=None if until is None else now + until,
            revocation_time=now - DAY if revoked else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, delegate or issuer)
        if delegate is not None:
            builder = builder.certificates([delegate])
        return builder.sign(rsa_keys[signer], algorithm or hashes.SHA256()).public_bytes(Encoding.DER)

    return make


@pytest.fixture
def verdict(chain, path, requests, now, crl):
    """The rule broken (or None) for answers about the leaf; the authority's CRL is good unless told."""

    def judge(leaf_ocsp=None, leaf_crl=None, middle_crl=..., at=now):
        good = crl(path[2], "root") if middle_crl is ... else middle_crl
        answers = dict(zip(requests, (leaf_ocsp, leaf_crl, good), strict=True))
        try:
            revocation.check_revocation(chain, [path[2]], answers, now=at)
        except KeyUnfit as unfit:
            return unfit.params["rule"]
        return None

    return judge


def test_ocsp_is_asked_for_the_leaf_and_crls_for_all(requests, path):
    assert [(request.kind, request.position, request.urls) for request in requests] == [
        ("ocsp", 0, ("http://ocsp.example/x",)),
        ("crl", 0, ("http://crl.example/m.crl",)),
        ("crl", 1, ("http://crl.example/r.crl",)),
    ]
    asked = ocsp.load_der_ocsp_request(requests[0].body)
    assert asked.serial_number == path[0].serial_number
    assert requests[1].body == b""


def test_a_good_ocsp_answer_and_a_good_crl_pass(verdict, answer, crl, path):
    leaf, middle, root = path
    assert verdict(answer(leaf, middle)) is None
    assert verdict(answer(leaf, middle, named=hashes.SHA256())) is None
    assert verdict(None, crl(middle, "signing")) is None
    assert verdict(answer(leaf, middle), crl(middle, "signing", 1, 2, 3), crl(root, "root", 4)) is None
    assert verdict(None, crl(middle, "signing", scheme=padding.PKCS1v15())) is None


def test_silence_is_refused(verdict, answer, path, chain, now):
    assert verdict() == "revocation_unknown"
    assert verdict(answer(*path[:2]), None, None) == "revocation_unknown"
    with pytest.raises(KeyUnfit):
        revocation.check_revocation(chain, [path[2]], {}, now=now)


def test_one_answer_that_says_revoked_decides(verdict, answer, crl, path):
    leaf, middle, root = path
    bad = answer(leaf, middle, status=ocsp.OCSPCertStatus.REVOKED)
    assert verdict(bad, crl(middle, "signing")) == "revoked"
    assert verdict(answer(leaf, middle), crl(middle, "signing", 100)) == "revoked"
    assert verdict(answer(leaf, middle), None, crl(root, "root", 200)) == "revoked"
    assert verdict(answer(leaf, middle), crl(middle, "signing", 100, since=-9 * DAY, until=-8 * DAY)) == "revoked"


def test_stale_and_future_answers_do_not_count(verdict, answer, crl, path):
    leaf, middle, root = path
    for since, until in ((-9 * DAY, -DAY), (DAY, 2 * DAY), (-2 * DAY, None)):
        assert verdict(answer(leaf, middle, since=since, until=until)) == "revocation_unknown"
    assert verdict(answer(leaf, middle, since=-DAY / 2, until=None)) is None
    for since, until in ((-9 * DAY, -DAY), (DAY, 2 * DAY)):
        old = crl(middle, "signing", since=since, until=until)
        assert verdict(None, old) == "revocation_unknown"
        assert verdict(answer(leaf, middle), None, crl(root, "root", since=since, until=until)) == "revocation_unknown"


def test_answers_of_strangers_do_not_count(verdict, answer, certify, crl, path):
    leaf, middle, root = path
    purpose = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
    impostor = certify("Middle", "Middle", signer="encryption", ca=True, extra=[purpose])
    assert verdict(answer(leaf, middle, "encryption", delegate=impostor)) == "revocation_unknown"
    assert verdict(answer(leaf, root, "root")) == "revocation_unknown"
    assert verdict(answer(middle, root, "root")) == "revocation_unknown"
    assert verdict(answer(middle, middle)) == "revocation_unknown"
    assert verdict(None, crl(middle, "root")) == "revocation_unknown"
    assert verdict(None, crl(root, "root")) == "revocation_unknown"


def test_unknown_and_garbled_answers_do_not_count(verdict, answer, crl, path):
    leaf, middle, _ = path
    assert verdict(answer(leaf, middle, status=ocsp.OCSPCertStatus.UNKNOWN)) == "revocation_unknown"
    later = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)
    good, listed = answer(leaf, middle), crl(middle, "signing")
    for garbled in (b"", b"\x30\x00", b"<html>", later, good[:-1], good + b"\0", bytes(len(good)), listed):
        assert verdict(garbled) == "revocation_unknown"
    for garbled in (b"", b"\x30\x00", b"<html>", listed[:-1], listed + b"\0", good):
        assert verdict(None, garbled) == "revocation_unknown"
    for raw, place in product((good, listed), range(40, 200, 9)):
        changed = bytearray(raw)
        changed[place] ^= 1
        answers = (bytes(changed), None) if raw is good else (None, bytes(changed))
        assert verdict(*answers) == "revocation_unknown"


def test_a_delegate_answers_only_with_a_certificate_for_it(verdict, answer, certify, path, now):
    leaf, middle, _ = path
    purpose = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)
    other = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)

    def asked(**changed):
        form = {"issuer": "Middle", "signer": "signing", "ca": False, "extra": [purpose]} | changed
        return verdict(answer(leaf, middle, "encryption", delegate=certify("Responder", **form)))

    assert asked() is None
    assert asked(extra=[other]) == "revocation_unknown"
    assert asked(extra=[]) == "revocation_unknown"
    assert asked(issuer="Root", signer="root") == "revocation_unknown"
    assert asked(after=now - timedelta(hours=1)) == "revocation_unknown"


@pytest.mark.parametrize(
    ("scope", "rule"),
    [
        ({"only_contains_user_certs": True}, None),
        ({"only_contains_ca_certs": True}, "revocation_unknown"),
        ({"indirect_crl": True}, "revocation_unknown"),
        ({"only_some_reasons": frozenset([x509.ReasonFlags.key_compromise])}, "revocation_unknown"),
    ],
)
def test_a_crl_must_cover_the_certificate(scope, rule, verdict, crl, path):
    form = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    if "full_name" not in scope:
        form["full_name"] = uris("http://crl.example/m.crl")
    point = x509.IssuingDistributionPoint(**form | scope)
    assert verdict(None, crl(path[1], "signing", extra=[(point, True)])) == rule


def test_a_delta_is_no_crl(verdict, crl, path):
    assert verdict(None, crl(path[1], "signing", extra=[(x509.DeltaCRLIndicator(1), True)])) == "revocation_unknown"
    assert verdict(None, crl(path[1], "signing", extra=[(x509.CRLNumber(1), False)])) is None


def test_an_authority_that_may_not_sign_crls_is_not_believed(certify, crl, answer, now):
    root = certify("Root", "Root", key="root", ca=True, usage=("key_cert_sign",))
    leaf = certify("Leaf", "Root", ca=False)
    chain = [leaf.public_bytes(Encoding.DER)]
    (request,) = revocation.revocation_requests(chain, [root])
    assert (request.kind, request.urls) == ("crl", ())
    with pytest.raises(KeyUnfit) as unfit:
        revocation.check_revocation(chain, [root], {request: crl(root, "root")}, now=now)
    assert unfit.value.params["rule"] == "revocation_unknown"
