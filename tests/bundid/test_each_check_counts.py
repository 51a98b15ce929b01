"""With any one check taken out, an attack that it stops comes further: it signs somebody in, or another check stops it.

A test that is green while verification is off is no test. `SECOND_BEHIND` names what stands behind a check that does
not decide alone.
"""

from __future__ import annotations

import base64
import contextlib

import pytest

from gateway.bundid import conditions, names, refusal, saml_xml, xmlenc, xmlsig
from gateway.bundid.assertion import Assertion
from gateway.bundid.response import ResponseRefused, read

from . import responses as made
from .attacks import ATTACKS

POLITE = {"status_cancelled", "status_attributes_missing", "status_no_authn_context"}
NOT_A_CHECK = POLITE | {"status", "xml", "instant"}
"""Without these there is nothing to go on with: no tree, no time, no success."""

SECOND_BEHIND = {
    "doctype": "the parser expands nothing, and a tree with a document type is refused",
    "too_large": "the parser has the same limit",
    "root": "the evil twin is not what the signature refers to",
    "schema": "the form of signatures, the IDs and the reading of values are checked again",
    "signature_place": "assertions are counted, and only the direct child is read as a signature",
    "signature_form": "`signxml` counts references, and the form is unpacked by name",
    "signature_value": "a digest or signature that is no base64 is none",
}
"""Checks with another one behind them; without any other, somebody is signed in."""


def _unverified(root, signature, *rest: object) -> bytes:
    root.remove(signature)
    return saml_xml.isolated(root)


def _unsigned(element, *rest: object):
    return element if not xmlsig.is_signed(element) else VERIFIED(element, *rest)


VERIFIED = xmlsig.verified
SWITCHES = {
    "base64": (saml_xml, "from_base64", lambda text, why: base64.b64decode(text)),
    "signature_missing": (xmlsig, "verified", _unsigned),
    "signature_invalid": (xmlsig, "_signed_by_one", _unverified),
    "decryption_failed": (xmlenc, "_hold", lambda holds: None),
    "confirmation_method": (names, "BEARER", made.SAML + "cm:holder-of-key"),
    "confirmation": (conditions, "_bearer_until", lambda bearer, audience, time: time.now),
}
"""Checks that are more than one question: what stands in their place when they are taken out."""


@contextlib.contextmanager
def without(reason: str):
    """The reading of answers with every check of this reason taken out."""
    require = refusal.require

    def lenient(holds: object, why: str) -> None:
        if why != reason:
            require(holds, why)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refusal, "require", lenient)
        if reason in SWITCHES:
            patch.setattr(*SWITCHES[reason])
        yield


def outcome(attack) -> object:
    try:
        return read(attack.build(), made.rules(**attack.rules))
    except ResponseRefused as refused:
        return refused.reason
    except Exception as crash:  # noqa: BLE001 - whatever the missing check stood before
        return type(crash)


@pytest.mark.parametrize("reason", sorted(refusal.REASONS.keys() - NOT_A_CHECK))
def test_without_this_check_an_attack_comes_further(reason):
    stopped = {name: attack for name, attack in ATTACKS.items() if attack.reason == reason}
    with without(reason):
        came = {name: outcome(attack) for name, attack in stopped.items()}
    further = {name: end for name, end in came.items() if end != reason}
    assert further, "no attack needs this check"
    signed_in = [name for name, end in further.items() if isinstance(end, Assertion)]
    assert bool(signed_in) == (reason not in SECOND_BEHIND), came


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("07 XSW7: evil assertion of the same ID in extensions", "assertion_count"),
        ("09 two SignedInfo in one signature (CVE-2019-3465)", "signature_form"),
        ("12e empty signature", "signature_form"),
        ("16c element in the digest", "signature_form"),
        ("23c the ID a second time as xml:id", "id"),
    ],
)
def test_behind_the_schemas_stand_checks_of_our_own(name, reason):
    with without("schema"):
        assert outcome(ATTACKS[name]) == reason


@pytest.mark.parametrize(
    "other", [made.assertion(id_="_other"), made.assertion().replace(b"saml2:Assertion", b"saml2:Advice")]
)
def test_what_was_signed_has_to_be_what_was_asked_about(monkeypatch, other):
    monkeypatch.setattr(xmlsig, "_signed_by_one", lambda *rest: other)
    with pytest.raises(ResponseRefused) as refused:
        read(made.answer(made.genuine()), made.rules())
    assert refused.value.reason == "signature_reference"
