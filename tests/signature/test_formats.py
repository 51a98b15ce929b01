"""Each key signs in each format, and what did not make the signature says so: the sandbox's subscriber."""

from __future__ import annotations

import base64
import json
from datetime import timedelta, timezone

import pytest
from jwcrypto import jwk as foreign_jwk
from jwcrypto import jws as foreign_jws
from lxml import etree

from gateway.errors import SigningKeyUnfit
from gateway.fitconnect import metadata
from gateway.model import Signature, SignatureFormat, SignatureStyle
from gateway.sandbox.fitconnect import signature as subscriber
from gateway.signature import making

from .conftest import CANONICAL, CONTENT, ID, KINDS, NOW, document

JWS, JADES, XADES = (SignatureStyle(each) for each in SignatureFormat)


def signed(signer, style, content=CONTENT) -> Signature:
    return making.sign(signer, document(content), style, at=NOW, new_id=ID)


def verdict(signature: Signature, content=CONTENT, now=NOW, **more):
    """What the subscriber says of the signature as the metadata carry it; None: nothing is wrong."""
    described = metadata._signature(signature) | more
    return subscriber.check(described, content, media_type="application/xml", now=now)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("style", [JWS, JADES, XADES], ids=lambda style: style.format.value)
def test_the_subscriber_takes_what_the_town_signed_and_nothing_else(signers, kind, style):
    made = signed(signers[kind], style)
    assert verdict(made) is None
    assert verdict(made, CONTENT + b" ") is not None
    assert verdict(made, CONTENT.replace(b"'1'", b'"1"')) is not None  # the same by canonical XML, other bytes
    assert made.certificate_sha256 == signers[kind].identity.certificate_sha256


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_inside_covers_the_whole_document(signers, kind):
    inside = making.sign_inside(signers[kind], document(CANONICAL), at=NOW, new_id=ID)
    found = making.sign(signers[kind], inside, making.INSIDE, at=NOW, new_id=ID)
    assert found.content is None
    assert found.certificate_sha256 == signers[kind].identity.certificate_sha256
    assert verdict(found, inside.content) is None
    assert verdict(found, inside.content.replace("Straße".encode(), b"Gasse")) is not None
    assert inside.sha256 != document(CANONICAL).sha256
    assert inside.content.startswith(CANONICAL.removesuffix(b"</a>"))


def test_a_document_that_should_hold_a_signature_and_does_not_is_not_delivered(signers):
    with pytest.raises(SigningKeyUnfit):
        making.sign(signers["rsa"], document(CANONICAL), making.INSIDE, at=NOW, new_id=ID)


def test_a_brainpool_key_signs_xml(brainpool):
    made = signed(brainpool.signer, XADES)
    assert made.algorithm.endswith("#ecdsa-sha256")
    assert verdict(made) is None
    for style in (JWS, JADES):
        with pytest.raises(SigningKeyUnfit) as refused:
            signed(brainpool.signer, style)
        assert "XAdES" in refused.value.sentence("de")


@pytest.mark.parametrize("kind", KINDS)
def test_any_jose_library_verifies_jades_with_the_bytes_of_the_document(signers, jwks, kind):
    protected, payload, value = signed(signers[kind], JADES).content.split(".")
    assert payload == ""
    header = json.loads(base64.urlsafe_b64decode(protected + "=="))
    assert list(header) == ["alg", "cty", "iat", "x5t#S256", "x5c"]  # TS 119 182-1 §6.3; nothing that is critical
    assert header["iat"] == int(NOW.timestamp())
    token = foreign_jws.JWS()
    token.allowed_algs = [header["alg"]]
    content = base64.urlsafe_b64encode(CONTENT).rstrip(b"=").decode()
    token.deserialize(f"{protected}.{content}.{value}")
    public = {name: jwks[kind][name] for name in ("kty", "n", "e", "crv", "x", "y") if name in jwks[kind]}
    token.verify(foreign_jwk.JWK(**public))
    assert token.payload == CONTENT


def test_the_signing_time_is_told_in_utc(signers):
    here = NOW.astimezone(timezone(timedelta(hours=1)))
    made = making.sign(signers["P-256"], document(), XADES, at=here, new_id=ID)
    assert b"SigningTime>2026-11-26T09:30:15Z<" in base64.b64decode(made.content)


def test_metadata_say_what_the_signature_is(signers):
    assert metadata._signature(signed(signers["P-256"], JWS)).keys() == {
        "signatureFormat",
        "detachedSignature",
        "content",
    }
    jades = metadata._signature(signed(signers["P-256"], JADES))
    assert (jades["signatureFormat"], jades["detachedSignature"]) == ("json", True)
    assert jades["eidasAdesProfile"] == "http://uri.etsi.org/ades/191x2/level/baseline/B-B#"
    xades = metadata._signature(signed(signers["P-256"], XADES))
    assert xades["signatureFormat"] == "xml"
    assert etree.fromstring(base64.b64decode(xades["content"])).tag.endswith("}Signature")
    inside = making.sign_inside(signers["P-256"], document(CANONICAL), at=NOW, new_id=ID)
    described = metadata._signature(making.sign(signers["P-256"], inside, making.INSIDE, at=NOW, new_id=ID))
    assert "content" not in described
    assert described["detachedSignature"] is False


def test_a_profile_that_was_not_made_is_not_believed(signers):
    plain = signed(signers["rsa"], JWS)
    assert verdict(plain, eidasAdesProfile="http://uri.etsi.org/ades/191x2/level/baseline/B-B#") is not None
    assert verdict(signed(signers["rsa"], XADES), eidasAdesProfile=None) is not None
    level_t = "http://uri.etsi.org/ades/191x2/level/baseline/B-T#"
    assert verdict(signed(signers["rsa"], JADES), eidasAdesProfile=level_t) is not None


@pytest.mark.parametrize("style", [JADES, XADES], ids=lambda style: style.format.value)
def test_a_signing_time_in_the_future_is_refused(signers, style):
    assert verdict(signed(signers["P-256"], style), now=NOW - timedelta(minutes=6)) is not None


def test_the_subscriber_asks_whether_the_signer_is_known(signers, jwks, tmp_path):
    known = tmp_path / "signers.json"
    for style in (JADES, XADES):
        described = metadata._signature(signed(signers["P-256"], style))
        for kind, right in (("P-256", True), ("P-384", False)):
            known.write_text(json.dumps({"keys": [signers[kind].identity.public_jwk()]}))
            said = subscriber.check(described, CONTENT, known, media_type="application/xml", now=NOW)
            assert (said is None) is right
