"""The command that signs: what it is given, what is believed, what happens when it does not."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.errors import SignerAway
from gateway.keys.external import ANSWER_MOST, ExternalSigner
from gateway.model import SignatureFormat, SignatureStyle
from gateway.signature import identity, making
from gateway.signature.mechanism import RSA_PSS
from tests.signature.conftest import ID, NOW, document
from tests.signature.test_formats import verdict

PATIENT = 110.0
"""Seconds that no command here needs; what hangs gets a moment of its own."""
SIGN = f"""#!{sys.executable}
import pathlib, sys
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_der_private_key
here = pathlib.Path(__file__).parent
digest, (family, *_, name) = sys.stdin.buffer.read(), sys.argv[-1].split("-")
key, how = load_der_private_key((here / "key.der").read_bytes(), None), getattr(hashes, name)()
if isinstance(key, rsa.RSAPrivateKey):
    pss = padding.PSS(padding.MGF1(how), how.digest_size)
    pad = pss if "PSS" in sys.argv[-1] else padding.PKCS1v15()
    answer = key.sign(digest, pad, utils.Prehashed(how))
else:
    answer = key.sign(digest, ec.ECDSA(utils.Prehashed(how)))
    if "raw" in sys.argv:
        r, s = utils.decode_dss_signature(answer)
        answer = r.to_bytes((key.key_size + 7) // 8) + s.to_bytes((key.key_size + 7) // 8)
sys.stdout.buffer.write(answer)
"""


def command(directory, script=SIGN, key=None):
    if key is not None:
        (directory / "key.der").write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    path = directory / "sign"
    path.write_text(script, encoding="utf-8")
    path.chmod(0o700)
    return str(path)


@pytest.mark.parametrize("wanted", SignatureFormat)
def test_an_hsm_with_an_rsa_key_makes_every_format(tmp_path, rsa_keys, signers, wanted):
    external = ExternalSigner(signers["rsa"].identity, (command(tmp_path, key=rsa_keys["signing"]),), PATIENT)
    style = SignatureStyle(wanted)
    assert verdict(making.sign(external, document(), style, at=NOW, new_id=ID)) is None


@pytest.mark.parametrize("form", ["der", "raw"])
def test_a_card_on_a_brainpool_curve_signs_xml_whatever_form_it_answers_in(tmp_path, brainpool, form):
    card = ExternalSigner(identity.of_chain(brainpool.chain), (command(tmp_path, key=brainpool.key), form), PATIENT)
    style = SignatureStyle(SignatureFormat.XADES)
    assert verdict(making.sign(card, document(), style, at=NOW, new_id=ID)) is None


def test_the_command_gets_the_digest_and_the_mechanism_and_nothing_of_the_gateway(tmp_path, signers, monkeypatch):
    monkeypatch.setenv("GATEWAY__VAULT__MASTER_KEY", "secret")
    script = f'#!/bin/sh\ncat > {tmp_path}/given\nenv > {tmp_path}/environment\necho "$@" > {tmp_path}/arguments\n'
    external = ExternalSigner(signers["rsa"].identity, (command(tmp_path, script), "--slot", "1"), PATIENT)
    with pytest.raises(SignerAway):
        external.sign(RSA_PSS, b"what is to be signed")
    assert (tmp_path / "given").read_bytes() == RSA_PSS.digest(b"what is to be signed")
    assert (tmp_path / "arguments").read_text() == "--slot 1 RSA-PSS-SHA512\n"
    assert "GATEWAY" not in (tmp_path / "environment").read_text()


@pytest.mark.parametrize(
    ("script", "cause"),
    [
        ("#!/bin/sh\necho PIN 1234 wrong >&2; exit 3\n", "exit_3"),
        ("#!/bin/sh\ncat > /dev/null; exec sleep 600\n", "timeout"),
        ("#!/bin/sh\nexec 0<&-; sleep 600 & wait\n", "timeout"),
        ("#!/bin/sh\necho nonsense\n", "wrong_signature"),
        ("#!/bin/sh\nexit 0\n", "wrong_signature"),
        (f"#!/bin/sh\nhead -c {ANSWER_MOST + 1} /dev/zero\n", "too_much"),
        ("#!/nowhere/at/all\n", "not_started"),
    ],
    ids=["fails", "hangs", "hangs with a child", "nonsense", "silent", "too much", "no interpreter"],
)
def test_a_command_that_does_not_sign_is_named_with_the_cause(tmp_path, signers, script, cause):
    path = command(tmp_path, script)
    patience = 0.2 if cause == "timeout" else PATIENT
    with pytest.raises(SignerAway) as away:
        ExternalSigner(signers["rsa"].identity, (path, "secret-slot"), patience).sign(RSA_PSS, b"x")
    assert away.value.retry
    assert cause in away.value.sentence("de")
    assert "1234" not in str(away.value)
    assert "secret-slot" not in str(away.value)


def test_endless_output_is_cut_off(tmp_path, signers):
    with pytest.raises(SignerAway):
        ExternalSigner(signers["rsa"].identity, (command(tmp_path, "#!/bin/sh\nyes\n"),), PATIENT).sign(RSA_PSS, b"x")


def test_a_command_that_was_given_up_leaves_no_process(tmp_path, signers):
    os.mkfifo(tmp_path / "child")
    script = f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path}/child\nwait\n"
    external = ExternalSigner(signers["rsa"].identity, (command(tmp_path, script),), PATIENT)
    with ThreadPoolExecutor() as threads:
        call = threads.submit(external.sign, RSA_PSS, b"x")
        child = Path("/proc") / (tmp_path / "child").read_text().strip() / "stat"
        external.close()
        assert isinstance(call.exception(), SignerAway)
    while child.exists() and child.read_text().rpartition(")")[2].split()[0] != "Z":
        os.sched_yield()  # killed already; the kernel takes it down


def test_the_signature_of_another_key_is_not_believed(tmp_path, signers):
    wrong = command(tmp_path, key=ec.generate_private_key(ec.SECP256R1()))
    external = ExternalSigner(signers["P-256"].identity, (wrong,), PATIENT)
    with pytest.raises(SignerAway) as away:
        making.sign(external, document(), SignatureStyle(SignatureFormat.XADES), at=NOW, new_id=ID)
    assert "wrong_signature" in away.value.sentence("en")
