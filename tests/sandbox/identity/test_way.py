"""A login as a browser walks it, and the answer read by a reader that is not ours."""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from gateway.sandbox.identity import names
from gateway.sandbox.identity.accounts import organisations, persons

from .peers import (
    ACS,
    BASE,
    BIRTHDATE,
    BPK2,
    ENTITY,
    GIVEN_NAME,
    LEVEL,
    MAIL,
    MAILBOX,
    NS,
    PROVED_BY,
    SURNAME,
    Forms,
    decrypted,
    extension,
    verified,
)

if TYPE_CHECKING:
    from .peers import ServiceProviderPeer

MUK_PATH = "/ekona/sso"
TRUST = f"{{{NS['akdb']}}}TrustLevel"


async def test_a_person_is_chosen_on_a_page_and_the_answer_comes_by_a_form(provider: ServiceProviderPeer) -> None:
    sent = await provider.post(provider.xml())
    assert sent.status_code == 303
    page = await provider.http.get(sent.headers["location"])
    forms = Forms(page.text)
    assert 'lang="de"' in page.text
    assert "Stadt Tangerhütte" in page.text
    assert forms.choices["level"] == ["substantial", "high"], "no level below what was asked for"
    assert "kaethe-grosse" in forms.choices["account"]
    assert "gast" not in forms.choices["account"], "bPK2 was asked for, which a guest does not have"
    chosen = {**forms.fields, "account": "kaethe-grosse", "level": "substantial", "action": "sign_in"}
    answered = provider.answered(await provider.http.post(forms.action, data=chosen))
    assert (answered.action, answered.relay_state, answered.status) == (ACS, "handle", ["Success"])
    assert answered.values()[SURNAME] == "Große"
    again = await provider.http.post(forms.action, data=chosen)
    assert (again.status_code, "login-answered" in again.text) == (410, True)
    assert (await provider.http.get(sent.headers["location"])).status_code == 410


async def test_the_page_speaks_english_where_asked_and_leads_back(provider: ServiceProviderPeer) -> None:
    inner = extension(Lang="en", OnlineServiceId="").replace(
        "</ui:Version>",
        "<ui:BackURL>https://portal.example/</ui:BackURL><ui:OnlineServiceId>BMI-A0001"
        "</ui:OnlineServiceId></ui:Version>",
    )
    sent = await provider.post(provider.xml(inner=inner))
    page = await provider.http.get(sent.headers["location"])
    assert "Level of assurance" in page.text
    forms = Forms(page.text)
    assert "https://portal.example/" in forms.links
    german = next(link for link in forms.links if "lang=de" in link)
    assert "Vertrauensniveau" in (await provider.http.get(german)).text
    assert "<script" not in page.text


async def test_a_link_that_is_no_web_address_is_not_offered(provider: ServiceProviderPeer) -> None:
    inner = extension(OnlineServiceId="").replace(
        "</ui:Version>",
        "<ui:BackURL>javascript:alert(1)</ui:BackURL><ui:OnlineServiceId>BMI-A0001</ui:OnlineServiceId></ui:Version>",
    )
    sent = await provider.post(provider.xml(inner=inner))
    assert "javascript" not in (await provider.http.get(sent.headers["location"])).text


async def test_the_redirect_binding_is_answered_alike(provider: ServiceProviderPeer) -> None:
    await provider.order("/login", {"person": "kaethe-grosse", "level": "high"})
    path = "/idp/profile/SAML2/Redirect/SSO"
    page = await provider.http.get(f"{path}?{provider.query(provider.xml(path=path), 'a+b/ü')}")
    answered = provider.answered(page)
    assert (answered.relay_state, answered.values()[LEVEL]) == ("a+b/ü", "STORK-QAA-Level-4")


async def test_the_answer_has_the_shape_of_the_official_sample(provider: ServiceProviderPeer) -> None:
    xml = provider.xml()
    request_id = etree.fromstring(xml.encode()).get("ID")
    answered = await provider.logged_in("kaethe-grosse", "high", xml)
    root = answered.root
    assert root.get("Destination") == ACS
    assert root.get("InResponseTo") == request_id
    assert root.find("d:Signature", NS) is None, "the signature is inside what is encrypted"
    assert [child.tag.rpartition("}")[2] for child in root] == ["Issuer", "Status", "EncryptedAssertion"]
    methods = [each.get("Algorithm") for each in root.iterfind(".//x:EncryptionMethod", NS)]
    assert methods == ["http://www.w3.org/2009/xmlenc11#aes128-gcm", "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"]
    said = answered.assertion()
    order = [child.tag.rpartition("}")[2] for child in etree.fromstring(answered.plain())]
    assert order == ["Issuer", "Signature", "Subject", "Conditions", "AuthnStatement", "AttributeStatement"]
    assert said.findtext("a:Issuer", None, NS) == f"{BASE}/idp"
    confirmed = said.find(".//a:SubjectConfirmationData", NS)
    assert confirmed.get("InResponseTo") == request_id
    assert confirmed.get("Recipient") == ACS
    assert confirmed.get("NotOnOrAfter") == "2026-11-23T12:05:00.000Z"
    assert said.find(".//a:SubjectConfirmation", NS).get("Method") == "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    assert said.findtext(".//a:Audience", None, NS) == ENTITY
    assert said.find(".//a:NameID", NS).get("Format") == "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
    assert said.find(".//a:SubjectLocality", NS).get("Address") == "127.0.0.1"
    assert said.findtext(".//a:AuthnContextClassRef", None, NS) == "STORK-QAA-Level-4"
    assert said.find("a:AuthnStatement", NS).get("SessionNotOnOrAfter") is None
    kind = {each.get("{http://www.w3.org/2001/XMLSchema-instance}type") for each in said.iter("{*}AttributeValue")}
    assert kind == {"xsd:string"}


async def test_each_attribute_has_a_level_of_its_own_and_none_above_the_login(provider: ServiceProviderPeer) -> None:
    high = (await provider.logged_in("kaethe-grosse", "high")).assertion()
    assert {each.get("Name"): each.get(TRUST) for each in high.iter("{*}Attribute")} == {
        BPK2: "HOCH",
        MAILBOX: "HOCH",
        SURNAME: "HOCH",
        GIVEN_NAME: "HOCH",
        MAIL: "NORMAL",
        BIRTHDATE: "HOCH",
        LEVEL: "HOCH",
        PROVED_BY: "HOCH",
    }
    basic = (await provider.logged_in("kaethe-grosse", "basic", provider.xml(level=1))).assertion()
    assert {each.get(TRUST) for each in basic.iter("{*}Attribute")} == {"UNTERGEORDNET"}


async def test_only_what_was_asked_for_is_sent(provider: ServiceProviderPeer) -> None:
    xml = provider.xml(inner=extension({SURNAME: "true"}))
    assert (await provider.logged_in("kaethe-grosse", "substantial", xml)).values() == {SURNAME: "Große"}


@pytest.mark.parametrize(
    ("level", "means", "stork"),
    [("basic", "Benutzername", 1), ("substantial", "Elster", 3), ("high", "eID", 4)],
)
async def test_a_level_is_reached_by_its_means(provider: ServiceProviderPeer, level, means, stork) -> None:
    values = (await provider.logged_in("kaethe-grosse", level, provider.xml(level=1))).values()
    assert (values[PROVED_BY], values[LEVEL]) == (means, f"STORK-QAA-Level-{stork}")


async def test_every_person_signs_in_with_the_names_as_they_are(provider: ServiceProviderPeer) -> None:
    for person in persons().values():
        allowed = frozenset(names.METHODS) - {"FINK"}  # the mailbox is asked for
        level = next(word for word, number in reversed(names.LEVELS.items()) if person.method(number, allowed))
        xml = provider.xml(level=1)
        values = (await provider.logged_in(person.id, level, xml)).values()
        assert values.get(SURNAME) == person.values.get("surname")
        assert (BPK2 in values) is (not person.guest)
        assert all(text == unicodedata.normalize("NFC", text) for text in values.values() if text)


def test_the_accounts_hold_what_is_hard() -> None:
    known = persons().values()
    assert len(known) >= 12
    assert any("ß" in each.values.get("surname", "") for each in known)
    assert any(len(each.values.get("surname", "")) == 90 == len(each.values["givenName"]) for each in known)
    assert any("givenName" not in each.values and "surname" in each.values for each in known)
    assert any(each.values.get("birthdate") == "1964-00-00" for each in known)
    assert any(each.values.get("country") == "FR" for each in known)
    assert [each.id for each in known if each.guest] == ["gast"]
    assert {each.values["IstTestkonto"] for each in organisations().values()} == {"true", "false"}
    assert any("e. V." in str(each.values["Firmenname"]) for each in organisations().values())


async def test_the_pseudonym_is_of_the_host_of_the_service_provider(provider: ServiceProviderPeer) -> None:
    first = (await provider.logged_in("kaethe-grosse", "high")).values()[BPK2]
    again = (await provider.logged_in("kaethe-grosse", "substantial")).values()[BPK2]
    provider.entity = ENTITY + "/another/path"
    await provider.introduce()
    same_host = (await provider.logged_in("kaethe-grosse", "high")).values()[BPK2]
    provider.entity = "https://other.example/saml"
    await provider.introduce()
    other_host = (await provider.logged_in("kaethe-grosse", "high")).values()[BPK2]
    assert first == again == same_host != other_host
    assert len(first) == 43


async def test_an_account_without_what_is_required_is_denied_with_the_detail(provider: ServiceProviderPeer) -> None:
    xml = provider.xml(level=1, inner=extension({SURNAME: "true", GIVEN_NAME: "true", MAIL: "true"}))
    answered = await provider.logged_in("zu-wenig-angaben", "basic", xml)
    assert answered.status == ["Requester", "RequestDenied"]
    detail = json.loads(answered.root.findtext(".//akdb:StatusDetail", None, NS))
    assert [each["code"] for each in detail["errors"]] == ["IDP_REQUIRED_ATTRIBUTES_MISSING"] * 2
    assert SURNAME in detail["errors"][0]["message"]
    unasked = xml.replace(' EnableStatusDetail="true"', "").replace(f'ID="_{provider.counted:040x}"', 'ID="_other"')
    answered = await provider.logged_in("zu-wenig-angaben", "basic", unasked)
    assert answered.root.find(".//p:StatusDetail", NS) is None


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("cancel", ["Requester", "AuthnFailed"]),
        ("failed", ["Requester", "NoAuthnContext"]),
        ("unavailable", ["Responder"]),
    ],
)
async def test_cancel_and_errors_by_button_and_by_order(provider: ServiceProviderPeer, action, status) -> None:
    sent = await provider.post(provider.xml())
    forms = Forms((await provider.http.get(sent.headers["location"])).text)
    assert action in forms.choices["action"]
    by_button = provider.answered(await provider.http.post(forms.action, data={**forms.fields, "action": action}))
    await provider.order("/login", {"failure": action})
    by_order = provider.answered(await provider.post(provider.xml()))
    assert by_button.status == by_order.status == status
    assert by_button.root.find(".//d:Signature", NS) is None


async def test_a_level_that_the_account_does_not_reach_is_said_on_the_page(provider: ServiceProviderPeer) -> None:
    sent = await provider.post(provider.xml())
    forms = Forms((await provider.http.get(sent.headers["location"])).text)
    for account, level in (("nur-elster", "high"), ("nobody", "high"), ("kaethe-grosse", "basic")):
        chosen = {**forms.fields, "account": account, "level": level, "action": "sign_in"}
        page = await provider.http.post(forms.action, data=chosen)
        assert (page.status_code, 'role="alert"' in page.text) == (422, True)


async def test_an_ordered_level_below_what_is_asked_for_signs_nobody_in(provider: ServiceProviderPeer) -> None:
    answered = await provider.logged_in("kaethe-grosse", "basic", provider.xml(level=3))
    assert answered.status == ["Requester", "NoAuthnContext"]


async def test_means_that_are_not_allowed_are_not_used(provider: ServiceProviderPeer) -> None:
    inner = extension().replace("<akdb:Elster><akdb:Enabled>true", "<akdb:Elster><akdb:Enabled>false")
    answered = await provider.logged_in("kaethe-grosse", "substantial", provider.xml(inner=inner))
    assert answered.status == ["Requester", "NoAuthnContext"]


async def test_where_the_mailbox_is_asked_for_fink_is_not_used(provider: ServiceProviderPeer) -> None:
    assert (await provider.logged_in("fink", "substantial")).status == ["Requester", "NoAuthnContext"]
    xml = provider.xml(inner=extension({BPK2: "false", PROVED_BY: "false"}))
    values = (await provider.logged_in("fink", "substantial", xml)).values()
    assert values[PROVED_BY] == "FINK"
    assert str(values[BPK2]).startswith("FINK."), "such values carry a prefix"


async def test_a_passive_request_is_answered_without_a_page(provider: ServiceProviderPeer) -> None:
    page = await provider.post(provider.xml().replace('IsPassive="false"', 'IsPassive="true"'))
    assert provider.answered(page).status == ["Responder", "NoPassive"]


async def test_an_organisation_signs_in_at_the_other_identity_provider(provider: ServiceProviderPeer) -> None:
    xml = provider.xml(path=MUK_PATH, inner="")
    answered = await provider.logged_in("heimatverein", "substantial", xml, path=MUK_PATH)
    whole = verified(etree.tostring(answered.root), provider.idp_certificates["muk"])
    said = etree.fromstring(decrypted(whole.find("a:EncryptedAssertion", NS), provider.key))
    assert said.find("d:Signature", NS) is None, "the response carries the signature"
    assert said.findtext("a:Issuer", None, NS) == f"{BASE}/ekona"
    assert said.findtext(".//a:NameID", None, NS).startswith("ek-")
    found = {each.get("Name"): each for each in said.iter("{*}Attribute")}
    assert {each.get("NameFormat") for each in found.values()} == {"urn:oasis:names:tc:SAML:2.0:attrname-format:basic"}
    address = found["Unternehmensanschrift"].find("a:AttributeValue", NS)
    assert address.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "ekona:AdresseType"
    assert address.findtext("ekona:Ort", None, NS) == "Tangerhütte"
    assert found["HandelndePerson"].findtext(".//ekona:Nachname", None, NS) == "Große"
    assert found["ElsterVertrauensniveauAuthentifizierung"].findtext("a:AttributeValue", None, NS) == "substanziell"
    assert found["DatenuebermittlerPseudonymId"].findtext("a:AttributeValue", None, NS).startswith("du-")


async def test_orders_wait_for_a_request_that_they_suit(provider: ServiceProviderPeer) -> None:
    await provider.order("/login", {"person": "heimatverein", "level": "substantial"})
    await provider.order("/login", {"person": "kaethe-grosse", "level": "high", "times": 2})
    for _ in range(2):
        assert provider.answered(await provider.post(provider.xml())).values()[SURNAME] == "Große"
    assert (await provider.post(provider.xml())).status_code == 303
    muk = provider.xml(path=MUK_PATH, inner="")
    assert provider.answered(await provider.post(muk, path=MUK_PATH)).status == ["Success"]


async def test_a_cancel_at_the_other_identity_provider_is_told_in_its_words(provider: ServiceProviderPeer) -> None:
    await provider.order("/login", {"failure": "cancel"})
    answered = provider.answered(await provider.post(provider.xml(path=MUK_PATH, inner=""), path=MUK_PATH))
    assert "abgebrochen" in answered.root.findtext(".//p:StatusMessage", None, NS)
