"""An identity provider as the login sees it; what the response's reader says stands in for it here."""

from __future__ import annotations

import base64
import sys
from dataclasses import dataclass, replace
from datetime import timedelta
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import etree

from gateway.bundid import profile
from gateway.bundid.assertion import Assertion, SamlAttribute
from gateway.bundid.idp_metadata import Pinned, read_idp_metadata
from gateway.bundid.keys import ProviderKeys
from gateway.bundid.provider import SamlProvider, answer_key
from gateway.errors import SigningKeyUnfit
from gateway.model import Level
from gateway.ports.identity import Authenticated, ExpectedAnswer, IdentityProvider, LoginRequest, RefusalKind, Refused
from tests.bundid import wire_names
from tests.bundid.key_pairs import IDP, NOW, certified, idp_metadata, key_descriptor

REQUEST = LoginRequest("_" + "0" * 40, "handle", Level.LOW, "de", NOW, "https://portal.town.example/")
EXPECTED = ExpectedAnswer(REQUEST.request_id, Level.SUBSTANTIAL, NOW, NOW + timedelta(minutes=1))
ASSERTION = Assertion(
    id="_a1",
    issuer=IDP,
    name_id="_t",
    name_id_format=wire_names.TRANSIENT,
    authn_context=wire_names.STORK_3,
    authn_instant=NOW,
    not_on_or_after=NOW + timedelta(minutes=5),
    attributes=(SamlAttribute(wire_names.BPK2, ("bpk",), "HOCH"),),
)


@pytest.fixture(scope="module")
def provider(rsa_keys) -> SamlProvider:
    signing, encryption = certified(rsa_keys["signing"]), certified(rsa_keys["encryption"])
    known = read_idp_metadata(idp_metadata(key_descriptor(certified(rsa_keys["root"]))))
    return SamlProvider(
        name="bundid",
        profile=profile.load("bundid"),
        entity_id="https://login.town.example",
        acs_url="https://login.town.example/saml/town/bundid/acs",
        keys=ProviderKeys(signing, encryption, next_encryption=signing),
        pinned=Pinned(known),
        display_name="BundID",
        organisation_name="Stadt Tangerhütte",
        online_service_id="BMI-X0000",
    )


class ReadRefused(Exception):
    def __init__(self, kind: RefusalKind, reason: str) -> None:
        self.kind, self.reason = kind, reason


@pytest.fixture
def reader(monkeypatch):
    """The module that reads responses: gives what `says` holds, and keeps the rules that it was given."""

    @dataclass(frozen=True, kw_only=True)
    class Rules:
        idp_entity_id: Any
        verification_keys: Any
        decryption_keys: Any
        entity_id: Any
        acs_url: Any
        request_id: Any
        requested_at: Any
        now: Any
        algorithms: Any
        signature: Any
        require_encryption: Any
        skew_s: Any
        max_bytes: Any
        attributes: Any

    def read(answer: bytes, rules: Rules) -> Assertion:
        module.asked = answer, rules
        if isinstance(module.says, ReadRefused):
            raise module.says
        return module.says

    module: Any = ModuleType("gateway.bundid.response")
    module.ResponseRules, module.ResponseRefused, module.read, module.says = Rules, ReadRefused, read, ASSERTION
    monkeypatch.setitem(sys.modules, "gateway.bundid.response", module)
    monkeypatch.setattr("gateway.bundid.response", module, raising=False)
    return module


def test_it_keeps_the_port(provider):
    kept: IdentityProvider = provider
    assert (kept.name, kept.enabled, kept.audience) == ("bundid", True, "person")
    assert kept.levels == (Level.BASIC, Level.SUBSTANTIAL, Level.HIGH)
    assert b'entityID="https://login.town.example"' in kept.metadata()


def test_a_login_goes_by_a_form_with_the_least_level_that_is_enough(provider):
    step = provider.begin(REQUEST)
    assert step.address == "https://idp.example/POST/SSO"
    assert step.fields["RelayState"] == "handle"
    root = etree.fromstring(base64.b64decode(step.fields["SAMLRequest"]))
    assert root.get("Destination") == step.address
    assert root.xpath("string(//*[local-name()='AuthnContextClassRef'])") == wire_names.STORK_3
    assert root.xpath("string(//*[local-name()='OnlineServiceId'])") == "BMI-X0000"
    assert "SAMLRequest" not in repr(step)


def test_without_an_address_for_forms_the_browser_is_redirected(provider):
    metadata = replace(provider.pinned.metadata, addresses={"redirect": "https://idp.example/r"})
    step = replace(provider, pinned=Pinned(metadata)).begin(REQUEST)
    assert not step.fields
    assert urlsplit(step.address).query.startswith("SAMLRequest=")


def test_who_is_disabled_or_unknown_begins_nothing_and_answers_nothing(provider, reader):
    for off in (replace(provider, switched_on=False), replace(provider, pinned=None)):
        assert not off.enabled
        with pytest.raises(SigningKeyUnfit):
            off.begin(REQUEST)
        assert off.judge(b"x", EXPECTED) == Refused(RefusalKind.FAILED, "provider_disabled")
        assert off.metadata()
    assert not hasattr(reader, "asked")


def test_an_answer_is_held_to_its_request_and_to_the_pinned_keys(provider, reader, rsa_keys):
    found = provider.judge(b"answer", EXPECTED)
    assert isinstance(found, Authenticated)
    assert (found.identity.account, found.identity.provider) == ("bpk", "bundid")
    assert found.answer_key == answer_key(IDP, "_a1")
    assert found.valid_until == NOW + timedelta(minutes=5, seconds=90)
    answer, rules = reader.asked
    assert answer == b"answer"
    assert (rules.idp_entity_id, rules.entity_id, rules.acs_url) == (IDP, provider.entity_id, provider.acs_url)
    assert (rules.request_id, rules.requested_at, rules.now) == (EXPECTED.request_id, EXPECTED.at, EXPECTED.now)
    assert rules.verification_keys == (rsa_keys["root"].public_key(),)
    assert rules.decryption_keys == (rsa_keys["encryption"], rsa_keys["signing"])
    assert (rules.signature, rules.require_encryption) == ("assertion", True)
    assert (rules.skew_s, rules.max_bytes) == (90, 262_144)
    assert {wire_names.BPK2, wire_names.SURNAME, wire_names.EID_CITIZEN_QAA_LEVEL, wire_names.MFA} <= rules.attributes
    assert "Role" not in rules.attributes


def test_what_the_reader_refuses_keeps_its_kind(provider, reader):
    reader.says = ReadRefused(RefusalKind.CANCELLED, "cancelled")
    assert provider.judge(b"x", EXPECTED) == Refused(RefusalKind.CANCELLED, "cancelled")


@pytest.mark.parametrize("asked", [Level.HIGH])
def test_a_lower_level_than_asked_for_is_refused(provider, reader, asked):
    refused = provider.judge(b"x", replace(EXPECTED, level=asked))
    assert refused == Refused(RefusalKind.LEVEL_TOO_LOW, "level_too_low")


def test_an_unknown_level_is_refused_like_any_other_fault(provider, reader):
    reader.says = replace(ASSERTION, authn_context="urn:oasis:names:tc:SAML:2.0:ac:classes:Password")
    assert provider.judge(b"x", EXPECTED) == Refused(RefusalKind.FAILED, "level_unknown")


def test_test_accounts_sign_in_only_where_they_may(provider, reader):
    test = replace(provider, profile=profile.load("bundid-int"))
    assert test.judge(b"x", EXPECTED) == Refused(RefusalKind.FAILED, "test_account")
    allowed = replace(test, test_accounts=True).judge(b"x", EXPECTED)
    assert isinstance(allowed, Authenticated)
    assert allowed.identity.test_account


def test_an_answer_is_known_by_issuer_and_id_together():
    assert len({answer_key("a", "bc"), answer_key("ab", "c"), answer_key("a", "b")}) == 3
