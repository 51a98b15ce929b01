"""Faults on demand: what each makes of an answer, seen by a reader that is not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.exceptions import InvalidTag
from lxml import etree
from signxml import InvalidSignature

from gateway.sandbox.identity import deviations

from .peers import ACS, ENTITY, NS, SURNAME, verified

if TYPE_CHECKING:
    from .peers import Answered, ServiceProviderPeer

GCM, XENC = "http://www.w3.org/2009/xmlenc11#", "http://www.w3.org/2001/04/xmlenc#"


async def spoilt(provider: ServiceProviderPeer, kind: str, value: Any = None, **login: Any) -> Answered:
    """The answer with a fault, and after it one without."""
    await provider.order("/faults", {"match": "POST /idp/*", "kind": kind, "value": value, "times": 1})
    wrong = await provider.logged_in("kaethe-grosse", "high", **login)
    right = await provider.logged_in("kaethe-grosse", "high")
    assert right.values()[SURNAME] == "Große", "the fault was for one answer"
    return wrong


async def test_a_wrong_signature(provider: ServiceProviderPeer) -> None:
    answered = await spoilt(provider, "wrong_signature")
    with pytest.raises(InvalidSignature):
        answered.assertion()


async def test_a_wrong_key_brings_its_certificate_along(provider: ServiceProviderPeer) -> None:
    answered = await spoilt(provider, "wrong_key")
    with pytest.raises(InvalidSignature):
        answered.assertion()
    assert verified(answered.plain(), provider.idp_certificates["stranger"]) is not None


async def test_a_wrong_tag(provider: ServiceProviderPeer) -> None:
    answered = await spoilt(provider, "wrong_tag")
    with pytest.raises(InvalidTag):
        answered.plain()


@pytest.mark.parametrize(
    ("kind", "value", "place", "said"),
    [
        ("wrong_audience", None, (".//a:Audience", None), "https://other.example"),
        ("wrong_audience", ENTITY + "x", (".//a:Audience", None), ENTITY + "x"),
        ("wrong_recipient", None, (".//a:SubjectConfirmationData", "Recipient"), "https://other.example/acs"),
        ("wrong_recipient", ACS + "/", (".//a:SubjectConfirmationData", "Recipient"), ACS + "/"),
        ("expired", None, ("a:Conditions", "NotOnOrAfter"), "2026-11-23T11:05:00.000Z"),
        ("unsolicited", None, (".//a:SubjectConfirmationData", "InResponseTo"), None),
        ("level_too_low", None, (".//a:AuthnContextClassRef", None), "STORK-QAA-Level-2"),
    ],
)
async def test_what_an_assertion_says_is_signed_and_wrong(
    provider: ServiceProviderPeer, kind, value, place, said
) -> None:
    answered = await spoilt(provider, kind, value)
    path, attribute = place
    found = answered.assertion().find(path, NS)
    assert (found.get(attribute) if attribute else found.text) == said
    if kind == "unsolicited":
        assert answered.root.get("InResponseTo") is None


async def test_the_lowest_level_is_undercut_by_a_password(provider: ServiceProviderPeer) -> None:
    answered = await spoilt(provider, "level_too_low", xml=provider.xml(level=1))
    context = answered.assertion().findtext(".//a:AuthnContextClassRef", None, NS)
    assert context == "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"


async def test_no_encryption(provider: ServiceProviderPeer) -> None:
    answered = await spoilt(provider, "no_encryption")
    assert answered.root.find("a:EncryptedAssertion", NS) is None
    assert answered.values()[SURNAME] == "Große"


@pytest.mark.parametrize(
    ("value", "content", "transport"),
    [
        ("aes192-gcm", GCM + "aes192-gcm", XENC + "rsa-oaep-mgf1p"),
        (["aes256-gcm", "rsa-oaep"], GCM + "aes256-gcm", GCM + "rsa-oaep"),
        ("rsa-oaep-mgf1p-sha256", GCM + "aes128-gcm", XENC + "rsa-oaep-mgf1p"),
        ("aes128-cbc", XENC + "aes128-cbc", XENC + "rsa-oaep-mgf1p"),
        (["aes256-cbc", "rsa-1_5"], XENC + "aes256-cbc", XENC + "rsa-1_5"),
    ],
)
async def test_other_encryption(provider: ServiceProviderPeer, value, content, transport) -> None:
    answered = await spoilt(provider, "other_encryption", value)
    methods = [each.get("Algorithm") for each in answered.root.iterfind(".//x:EncryptionMethod", NS)]
    assert methods == [content, transport]
    assert answered.values()[SURNAME] == "Große"


async def test_pss(provider: ServiceProviderPeer) -> None:
    answered = await spoilt(provider, "pss")
    method = etree.fromstring(answered.plain()).find(".//d:SignatureMethod", NS)
    assert method.get("Algorithm") == "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
    assert answered.values()[SURNAME] == "Große"


async def test_both_are_signed(provider: ServiceProviderPeer) -> None:
    answered = await spoilt(provider, "response_signature")
    assert verified(etree.tostring(answered.root), provider.idp_certificates["bundid"]) is not None
    assert answered.values()[SURNAME] == "Große"


async def test_an_assertion_for_another_beside_the_real_one(provider: ServiceProviderPeer) -> None:
    answered = await spoilt(provider, "extra_assertion")
    extra = answered.root.find("a:Assertion", NS)
    assert [child.tag.rpartition("}")[2] for child in answered.root][-2:] == ["Assertion", "EncryptedAssertion"]
    found = {
        each.get("Name"): each.findtext("a:AttributeValue", None, NS) for each in extra.iterfind(".//a:Attribute", NS)
    }
    assert found[SURNAME] not in {None, "Große"}
    assert extra.find("d:Signature", NS) is None
    assert answered.values()[SURNAME] == "Große"


async def test_several_faults_hold_for_one_answer(provider: ServiceProviderPeer) -> None:
    for kind in ("pss", "expired", "no_encryption"):
        await provider.order("/faults", {"match": "* /idp/*", "kind": kind})
    answered = await provider.logged_in("kaethe-grosse", "high")
    assert answered.assertion().get("IssueInstant") == "2026-11-23T11:00:00.000Z"
    state = (await provider.http.get(f"{provider.admin}/state")).json()
    assert state["logins"][-1]["deviates"] == ["expired", "no_encryption", "pss"]
    assert (await provider.http.delete(f"{provider.admin}/faults")).status_code == 204
    assert (await provider.logged_in("kaethe-grosse", "high")).assertion().get("IssueInstant").endswith("12:00:00.000Z")


async def test_a_page_uses_no_fault_up(provider: ServiceProviderPeer) -> None:
    await provider.order("/faults", {"match": "POST /idp/login", "kind": "no_encryption", "times": 1})
    assert (await provider.post(provider.xml())).status_code == 303
    state = (await provider.http.get(f"{provider.admin}/state")).json()
    assert [each["left"] for each in state["faults"]] == [1]


async def test_faults_of_the_wire(provider: ServiceProviderPeer) -> None:
    await provider.order("/faults", {"match": "GET /idp", "kind": "status", "value": 503, "times": 1})
    assert (await provider.http.get("/idp")).status_code == 503
    await provider.order("/faults", {"match": "GET /idp", "kind": "reset", "times": 1})
    with pytest.raises(ConnectionResetError):
        await provider.http.get("/idp")
    assert (await provider.http.get("/idp")).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"match": "POST /idp/*", "kind": "surprise"},
        {"match": "POST /idp/*", "kind": "other_encryption"},
        {"match": "POST /idp/*", "kind": "other_encryption", "value": "rot13"},
        {"match": "POST /idp/*", "kind": "wrong_audience", "value": 7},
        {"match": "idp", "kind": "pss"},
        {"match": "POST /idp/*", "kind": "pss", "times": 0},
        {"match": "POST /idp/*", "kind": []},
    ],
)
async def test_an_order_that_is_no_fault(provider: ServiceProviderPeer, fault) -> None:
    assert (await provider.http.post(f"{provider.admin}/faults", json=fault)).status_code == 400


@pytest.mark.parametrize(
    "order",
    [
        {"person": "nobody", "level": "high"},
        {"person": "kaethe-grosse", "level": "4"},
        {"person": "kaethe-grosse", "level": ["high"]},
        {"person": ["kaethe-grosse"], "level": "high"},
        {"person": "kaethe-grosse", "level": "high", "times": 0},
        {"failure": "surprise"},
        {},
    ],
)
async def test_an_order_that_is_no_login(provider: ServiceProviderPeer, order) -> None:
    assert (await provider.http.post(f"{provider.admin}/login", json=order)).status_code == 400


def test_every_kind_of_the_fixed_interface_is_known() -> None:
    assert set(deviations.KINDS) >= {
        "wrong_signature",
        "wrong_key",
        "wrong_audience",
        "wrong_recipient",
        "expired",
        "unsolicited",
        "no_encryption",
        "other_encryption",
        "pss",
        "response_signature",
        "level_too_low",
        "extra_assertion",
    }
