"""Signatures of every key and format before foreign judges: xmlsec1 (XML Signature) and the Commission's DSS (AdES)."""

from __future__ import annotations

import base64
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.model import SignatureFormat, SignatureStyle
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


@pytest.fixture(scope="module")
def verdicts(signers, brainpool, now, tmp_path_factory):
    """What DSS says of every case, by its name: `kind-format` and `kind-format-spoilt`."""
    if shutil.which("java") is None or not (LIBRARIES / "complete").exists():
        pytest.skip("no Java or no DSS library; `make interop` fetches both where it may")
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
    command = ["java", "-cp", f"{LIBRARIES}/*", str(HERE / "dss" / "Judge.java"), str(cases)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    return {name: rest for name, _, rest in (line.partition("\t") for line in out.stdout.splitlines())}


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
