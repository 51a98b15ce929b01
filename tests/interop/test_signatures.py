"""Foreign judges of our signatures: xmlsec1 (XML Signature), the Commission's DSS (AdES); and DSS before our judge."""

from __future__ import annotations

import base64
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from gateway.model import SignatureFormat, SignatureStyle
from gateway.sandbox.fitconnect import signature_json, signature_xml
from gateway.sandbox.fitconnect.certificate import Refused
from gateway.signature import making
from tests.signature.conftest import CANONICAL, CONTENT, ID, KINDS, document

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent
LIBRARIES = HERE.parents[1] / "build" / "interop"
FORMATS = ("xades", "jades", "inside")


def made(signer, form, now):
    """The signature as a file, and the document where it stands beside it."""
    if form == "inside":
        return making.sign_inside(signer, document(CANONICAL), at=now, new_id=ID).content, None
    signature = making.sign(signer, document(), SignatureStyle(SignatureFormat(form)), at=now, new_id=ID)
    assert signature.content
    return base64.b64decode(signature.content) if form == "xades" else signature.content.encode(), CONTENT


def spoilt(signature, document):
    """The same with another document."""
    if document is not None:
        return signature, document.replace(b"Stra", b"Stro")
    return signature.replace(b"Stra", b"Stro"), None


@pytest.fixture(scope="module")
def now():
    return datetime.now(UTC).replace(microsecond=0)


def java(*arguments):
    """Output of a Java program of this folder on the fetched libraries."""
    if shutil.which("java") is None or not (LIBRARIES / "complete").exists():
        pytest.skip("no Java or no DSS library; `make interop` fetches both where it may")
    program, *rest = arguments
    command = ["java", "-cp", f"{LIBRARIES}/*", str(HERE / "dss" / program), *map(str, rest)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout


@pytest.fixture(scope="module")
def verdicts(signers, brainpool, now, tmp_path_factory):
    """What DSS says of every case, by its name: `kind-format` and `kind-format-spoilt`."""
    cases = tmp_path_factory.mktemp("cases")
    made_by = {**signers, "brainpool": brainpool.signer}
    for kind, signer in made_by.items():
        for form in FORMATS if kind in KINDS else ("xades", "inside"):
            right = made(signer, form, now)
            for name, (signature, content) in ((form, right), (f"{form}-spoilt", spoilt(*right))):
                folder = cases / f"{kind}-{name}"
                folder.mkdir()
                (folder / "signature").write_bytes(signature)
                (folder / "leaf.der").write_bytes(signer.identity.chain[0].public_bytes(Encoding.DER))
                if content is not None:
                    (folder / "document.xml").write_bytes(content)
    lines = java("Judge.java", cases).splitlines()
    return {name: rest for name, _, rest in (line.partition("\t") for line in lines)}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", [*KINDS, "brainpool"])
def test_dss_passes_every_signature_at_level_b_b_and_none_of_another_document(verdicts, kind, form):
    if f"{kind}-{form}" not in verdicts:
        assert (kind, form) == ("brainpool", "jades")  # JOSE has no name for the curve
        return
    level = "JAdES-BASELINE-B" if form == "jades" else "XAdES-BASELINE-B"
    passed = [level, "intact=true", "valid=true", "structure=true", "certificate=true", "[]", "[]"]
    assert verdicts[f"{kind}-{form}"].split("\t") == ["TOTAL_PASSED", *passed]
    assert verdicts[f"{kind}-{form}-spoilt"].split("\t")[0] == "TOTAL_FAILED"


@pytest.mark.parametrize("form", ["xades", "inside"])
@pytest.mark.parametrize("kind", KINDS)
def test_xmlsec_verifies_every_xml_signature_and_none_of_another_document(  # noqa: PLR0917 - as PLR0913
    signers, authority, tmp_path, now, kind, form
):
    if shutil.which("xmlsec1") is None:
        pytest.skip("no xmlsec1; `make interop` installs it where it may")
    (tmp_path / "root.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    right = made(signers[kind], form, now)
    for (signature, content), code in ((right, 0), (spoilt(*right), 1)):
        (tmp_path / "signature.xml").write_bytes(signature)
        if content is not None:
            (tmp_path / "document.xml").write_bytes(content)
        identifier = ["--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"]
        command = ["xmlsec1", "--verify", "--trusted-pem", "root.pem", *identifier, "signature.xml"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode == 0) is (code == 0), done.stderr


@pytest.mark.parametrize("kind", ["rsa", "P-256"])
def test_the_subscriber_takes_what_dss_signed(signers, tmp_path, now, kind):
    key, chain = signers[kind]._key, signers[kind].identity.chain
    locked = BestAvailableEncryption(b"test")
    p12 = pkcs12.serialize_key_and_certificates(b"town", key, chain[0], chain[1:], locked)
    (tmp_path / "key.p12").write_bytes(p12)
    (tmp_path / "document.xml").write_bytes(CANONICAL)
    java("Sign.java", tmp_path)
    later = now + timedelta(minutes=5)
    xades, inside, jades = ((tmp_path / name).read_bytes() for name in ("xades", "inside", "jades"))
    assert signature_xml.check(xades, CANONICAL, "text/xml", later) == chain[0]
    assert signature_xml.check_inside(inside, "text/xml", later) == chain[0]
    assert signature_json.check(jades.decode(), CANONICAL, "application/xml", later) == chain[0]
    for attempt in (
        lambda: signature_xml.check(xades, CANONICAL + b" ", "text/xml", later),
        lambda: signature_xml.check_inside(inside.replace(b"Stra", b"Stro"), "text/xml", later),
        lambda: signature_json.check(jades.decode(), CANONICAL + b" ", "application/xml", later),
    ):
        with pytest.raises(Refused):
            attempt()
