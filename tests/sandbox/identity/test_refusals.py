"""What a service provider gets wrong is refused with the name of the rule, and with nothing else of it."""

from __future__ import annotations

import base64
import re
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from signxml import SignatureMethod

from .peers import ACS, BASE, BPK2, ENTITY, NS, RSA_SHA256, SURNAME, extension

if TYPE_CHECKING:
    import httpx

    from .peers import ServiceProviderPeer

REDIRECT = "/idp/profile/SAML2/Redirect/SSO"
NAMED = extension()
ISSUER = f"<a:Issuer>{ENTITY}</a:Issuer>"
CONTEXT = '<p:RequestedAuthnContext Comparison="minimum">'
CLASS = "<a:AuthnContextClassRef>STORK-QAA-Level-3</a:AuthnContextClassRef>"
BAD_REQUESTS = [
    (ISSUER, "<a:Issuer>https://unknown.example</a:Issuer>", "service-provider-unknown"),
    (ACS, "https://evil.example/acs", "acs-unknown"),
    (ACS, ACS + "/", "acs-unknown"),
    (ACS, ACS.replace("localhost", "LOCALHOST"), "acs-unknown"),
    (ACS, ACS.replace("8080", "8081"), "acs-unknown"),
    ("HTTP-POST", "HTTP-Artifact", "acs-unknown"),
    (f'AssertionConsumerServiceURL="{ACS}"', 'AssertionConsumerServiceIndex="0"', "acs-unknown"),
    (f"{BASE}/idp/profile/SAML2/POST/SSO", f"{BASE}{REDIRECT}", "destination-wrong"),
    (f' Destination="{BASE}/idp/profile/SAML2/POST/SSO"', "", "destination-wrong"),
    ('Version="2.0"', 'Version="1.1"', "saml-request-schema"),
    ('ForceAuthn="true"', 'ForceAuthn="yes"', "saml-request-schema"),
    ('ForceAuthn="true"', 'ForceAuthn="true" Surprise="1"', "saml-request-schema"),
    ('IssueInstant="2026', 'IssueInstant="26', "saml-request-schema"),
    ("12:00:00.000Z", "12:00:00.000+00:00", "saml-request-schema"),
    ("12:00:00.000Z", "11:54:59.000Z", "saml-request-expired"),
    ("12:00:00.000Z", "12:03:01.000Z", "saml-request-expired"),
    (NAMED, "", "akdb-extension-missing"),
    (CONTEXT, CONTEXT.replace("minimum", "exact"), "authn-context-unsupported"),
    (CONTEXT, "<p:RequestedAuthnContext>", "authn-context-unsupported"),
    ("STORK-QAA-Level-3", "STORK-QAA-Level-2", "authn-context-unsupported"),
    ("STORK-QAA-Level-3", "http://eidas.europa.eu/LoA/high", "authn-context-unsupported"),
    (CLASS, CLASS * 2, "authn-context-unsupported"),
    (CONTEXT, f'<p:NameIDPolicy Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"/>{CONTEXT}',
     "name-id-policy-unsupported"),
    (f"{CLASS}</p:RequestedAuthnContext>", f"{CLASS}</p:RequestedAuthnContext><p:NameIDPolicy/>",
     "saml-request-schema"),
]  # fmt: skip
DISPLAYED = NAMED[NAMED.index("<akdb:DisplayInformation>") : NAMED.index("</akdb:AuthenticationRequest>")]
BAD_EXTENSIONS = [
    (DISPLAYED, "", "organization-display-name-missing"),
    (' Version="2"', ' Version="1"', "akdb-extension-v1-deprecated"),
    (' Version="2"', "", "akdb-extension-v1-deprecated"),
    ("<akdb:AuthnMethods>", "<akdb:AllowedMethods/><akdb:AuthnMethods>", "akdb-extension-v1-deprecated"),
    (' Version="2"', ' Version="2" Surprise="1"', "akdb-extension-invalid"),
    ("<akdb:DisplayInformation>", "<akdb:Surprise/><akdb:DisplayInformation>", "akdb-extension-invalid"),
    ("<ui:Lang>de</ui:Lang>", "<ui:Surprise/>", "akdb-extension-invalid"),
    ("<ui:Lang>de</ui:Lang>", "<ui:Purpose>a &lt;b&gt; c</ui:Purpose>", "akdb-extension-invalid"),
    ("<ui:OrganizationDisplayName>", "<ui:Purpose>&lt;b></ui:Purpose><ui:OrganizationDisplayName>",
     "purpose-does-not-support-restricted-html"),
    ("Stadt Tangerhütte", " ", "organization-display-name-missing"),
    ("<ui:OnlineServiceId>BMI-A0001</ui:OnlineServiceId>", "", "online-service-id-missing"),
    ("BMI-A0001", "A0001", "online-service-id-invalid"),
    ("BMI-A0001", "BMI-A", "online-service-id-invalid"),
    ("akdb:FINK", "akdb:Passkey", "authentication-method-unknown"),
    ("akdb:eID>", "akdb:eid>", "authentication-method-unknown"),
    ("<akdb:Enabled>true", "<akdb:Enabled>false", "empty-authentication-methods"),
    ("<akdb:Enabled>true", "<akdb:Enabled>yes", "akdb-extension-invalid"),
    (f'<akdb:RequestedAttribute Name="{SURNAME}"', f'<akdb:Wanted Name="{SURNAME}"', "akdb-extension-invalid"),
    (f'Name="{SURNAME}"', f'Name="{SURNAME}" Surprise="1"', "akdb-extension-invalid"),
    (f'Name="{SURNAME}" RequiredAttribute="false"', f'Name="{SURNAME}" RequiredAttribute="perhaps"',
     "akdb-extension-invalid"),
    (f'Name="{BPK2}"', 'Name=""', "requested-attributes-missing-name"),
    (f' Name="{BPK2}"', "", "requested-attributes-missing-name"),
    (f'Name="{SURNAME}"', f'Name="{SURNAME} "', "requested-attributes-unknown"),
    (f'Name="{SURNAME}"', 'Name="urn:oid:1.2.3"', "requested-attributes-unknown"),
    (f'Name="{SURNAME}" RequiredAttribute="false"',
     'Name="urn:oid:1.2.40.0.10.2.1.1.149" RequiredAttribute="true"', "requested-attributes-unknown"),
    (f'Name="{SURNAME}"', f'Name="{BPK2}"', "akdb-extension-invalid"),
]  # fmt: skip


def code(page: httpx.Response) -> str:
    """The code on the page; the page repeats nothing of the request."""
    found = re.search(r'<code id="idp.code">([a-z0-9-]+)</code>', page.text)
    assert found, page.text
    assert page.status_code in {400, 410}
    assert "evil" not in page.text
    return found[1]


async def refused(provider: ServiceProviderPeer, page: httpx.Response) -> str:
    """The code, and that the admin API tells it too."""
    state = (await provider.http.get(f"{provider.admin}/state")).json()
    found = code(page)
    assert (state["logins"][-1]["outcome"], state["logins"][-1]["code"]) == ("refused", found)
    assert state["open_logins"] == 0
    return found


@pytest.mark.parametrize(("piece", "other", "rule"), BAD_REQUESTS)
async def test_a_request_that_breaks_a_rule(provider: ServiceProviderPeer, piece, other, rule) -> None:
    xml = provider.xml()
    assert piece in xml
    assert await refused(provider, await provider.post(xml.replace(piece, other, 1))) == rule


@pytest.mark.parametrize(("piece", "other", "rule"), BAD_EXTENSIONS)
async def test_an_extension_that_breaks_a_rule(provider: ServiceProviderPeer, piece, other, rule) -> None:
    assert piece in NAMED
    xml = provider.xml(inner=NAMED.replace(piece, other))
    assert await refused(provider, await provider.post(xml)) == rule


async def test_no_attributes_at_all(provider: ServiceProviderPeer) -> None:
    assert (
        await refused(provider, await provider.post(provider.xml(inner=extension({})))) == "requested-attributes-empty"
    )


async def test_the_withdrawn_pseudonym_is_left_out_where_it_is_not_required(provider: ServiceProviderPeer) -> None:
    old = {"urn:oid:1.2.40.0.10.2.1.1.149": "false", SURNAME: "false"}
    answered = await provider.logged_in("kaethe-grosse", "high", provider.xml(inner=extension(old)))
    assert answered.values() == {SURNAME: "Große"}


async def test_a_guest_is_offered_where_nothing_is_asked_for_that_guests_lack(provider: ServiceProviderPeer) -> None:
    sent = await provider.post(provider.xml(inner=extension({SURNAME: "false"})))
    assert 'value="gast"' in (await provider.http.get(sent.headers["location"])).text


async def test_a_request_without_signature(provider: ServiceProviderPeer) -> None:
    page = await provider.post(provider.xml().encode())
    assert await refused(provider, page) == "saml-request-not-signed"


async def test_a_request_that_was_changed_after_signing(provider: ServiceProviderPeer) -> None:
    changed = provider.signed(provider.xml()).replace(b"Level-3", b"Level-1")
    assert await refused(provider, await provider.post(changed)) == "saml-request-signature-invalid"


async def test_a_signature_by_another_key_or_by_a_weak_algorithm(provider: ServiceProviderPeer) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    page = await provider.post(provider.signed(provider.xml(), key=other))
    assert await refused(provider, page) == "saml-request-signature-invalid"
    with_comments = provider.signed(
        provider.xml(), c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
    )
    assert await refused(provider, await provider.post(with_comments)) == "saml-request-signature-invalid"


@pytest.mark.parametrize(
    ("piece", "other"),
    [
        (r'URI="#[^"]*"', 'URI=""'),
        (r'URI="#[^"]*"', 'URI="#_other"'),
        (r'(<ds:Transform Algorithm=")[^"]*enveloped-signature"', r'\1http://www.w3.org/2000/09/xmldsig#base64"'),
        (r'(<ds:CanonicalizationMethod Algorithm=")[^"]*', r"\1http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        (r"(<ds:Reference.*</ds:Reference>)", r"\1\1"),
    ],
)
async def test_a_signature_that_is_made_otherwise_than_saml_says(provider: ServiceProviderPeer, piece, other) -> None:
    """What is signed is right, and signed by the right key, but not said as SAML core 5.4 wants it."""
    changed, count = re.subn(piece, other, provider.signed(provider.xml()).decode(), flags=re.DOTALL)
    assert count == 1
    root = etree.fromstring(changed.encode())
    info = etree.tostring(root.find(".//d:SignedInfo", NS), method="c14n", exclusive=True)
    value = provider.key.sign(info, padding.PKCS1v15(), hashes.SHA256())
    root.find(".//d:SignatureValue", NS).text = base64.b64encode(value).decode()
    page = await provider.post(etree.tostring(root))
    assert await refused(provider, page) == "saml-request-signature-invalid"


@pytest.mark.parametrize("method", [SignatureMethod.SHA256_RSA_MGF1, SignatureMethod.RSA_SHA512])
async def test_other_signatures_that_service_providers_use(provider: ServiceProviderPeer, method) -> None:
    page = await provider.post(provider.signed(provider.xml(), signature_algorithm=method))
    assert page.status_code == 303


async def test_a_signature_over_another_element_does_not_count(provider: ServiceProviderPeer) -> None:
    """The genuine request, signature and all, inside one that asks for less (signature wrapping)."""
    genuine = provider.signed(provider.xml()).decode()
    signature = re.search(r"<ds:Signature.*</ds:Signature>", genuine, re.DOTALL)[0]
    wrapped = provider.xml(level=1).replace(ISSUER, ISSUER + signature, 1)
    page = await provider.post(wrapped.encode())
    assert await refused(provider, page) == "saml-request-signature-invalid"


async def test_a_request_comes_once(provider: ServiceProviderPeer) -> None:
    signed = provider.signed(provider.xml())
    assert (await provider.post(signed)).status_code == 303
    assert code(await provider.post(signed)) == "saml-request-repeated"


async def test_what_cannot_be_read(provider: ServiceProviderPeer) -> None:
    sso = "/idp/profile/SAML2/POST/SSO"
    whole = base64.b64encode(provider.signed(provider.xml())).decode()
    commented = provider.xml().replace("Level-3", "Level-3<!-- -->0")
    forms = [
        {},
        {"SAMLRequest": "§"},
        {"SAMLRequest": whole[:-5]},
        {"SAMLRequest": [whole, whole]},
        {"SAMLRequest": base64.b64encode(b"<!DOCTYPE x []><x/>").decode()},
        {"SAMLRequest": base64.b64encode(provider.xml().encode("utf-16")).decode()},
        {"SAMLRequest": "A" * 300_000},
        {"SAMLRequest": base64.b64encode(provider.signed(commented)).decode()},
    ]
    for form in forms:
        assert await refused(provider, await provider.http.post(sso, data=form)) == "saml-request-unreadable"
    assert (await provider.http.post(sso, content=b"x" * (2 << 20))).status_code == 413


async def test_relay_state_has_a_bound_and_comes_once(provider: ServiceProviderPeer) -> None:
    sso = "/idp/profile/SAML2/POST/SSO"
    request = base64.b64encode(provider.signed(provider.xml())).decode()
    for state in ("ü" * 41, ["a", "b"]):
        page = await provider.http.post(sso, data={"SAMLRequest": request, "RelayState": state})
        assert await refused(provider, page) == "relay-state-too-long"
    assert (await provider.post(provider.xml(), "x" * 80)).status_code == 303


async def test_the_signature_of_an_address_is_over_the_address(provider: ServiceProviderPeer) -> None:
    query = provider.query(provider.xml(path=REDIRECT))
    unsigned = query.partition("&SigAlg")[0]
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for sent, rule in (
        (unsigned, "saml-request-not-signed"),
        (query.replace("RelayState=handle", "RelayState=other"), "saml-request-signature-invalid"),
        (query + "&Signature=AAAA", "saml-request-signature-invalid"),
        (query.replace("rsa-sha256", "rsa-sha1"), "saml-request-signature-invalid"),
        (provider.query(provider.xml(path=REDIRECT), key=other), "saml-request-signature-invalid"),
        (provider.query(provider.signed(provider.xml(path=REDIRECT))), "saml-request-schema"),
        (provider.query(provider.xml(path=REDIRECT), tail=b"more"), "saml-request-unreadable"),
        (query + "&SAMLRequest=AAAA", "saml-request-unreadable"),
        (query + "&SAMLEncoding=urn:other", "saml-request-unreadable"),
        ("RelayState=handle", "saml-request-unreadable"),
    ):
        assert await refused(provider, await provider.http.get(f"{REDIRECT}?{sent}")) == rule
    assert RSA_SHA256.rpartition("#")[2] in query
    assert (await provider.http.get(f"{REDIRECT}?{query}")).status_code == 303


async def test_a_bomb_in_an_address_is_no_request(provider: ServiceProviderPeer) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(packer.compress(b" " * 50_000_000) + packer.flush()).decode()
    page = await provider.http.get(REDIRECT, params={"SAMLRequest": packed})
    assert await refused(provider, page) == "saml-request-unreadable"


async def test_the_other_identity_provider_needs_no_extension_but_a_signature(provider: ServiceProviderPeer) -> None:
    path = "/ekona/sso"
    xml = provider.xml(path=path, inner="")
    assert code(await provider.post(xml.encode(), path=path)) == "saml-request-not-signed"
    assert (await provider.post(xml, path=path)).headers["location"].startswith("/ekona/login?")


async def test_a_handle_of_one_identity_provider_opens_nothing_at_the_other(provider: ServiceProviderPeer) -> None:
    location = (await provider.post(provider.xml())).headers["location"]
    assert code(await provider.http.get(location.replace("/idp/", "/ekona/"))) == "login-answered"
    assert code(await provider.http.get("/idp/login?login=unknown")) == "login-answered"
    assert (await provider.http.get(location)).status_code == 200


@pytest.mark.parametrize(
    ("piece", "other", "rules"),
    [
        ("<md:EntityDescriptor ", '<md:EntityDescriptor validUntil="2030-01-01T00:00:00Z" ', ["metadata-valid-until"]),
        ("<md:EntityDescriptor ", '<md:EntityDescriptor ID="_1" ', ["metadata-id"]),
        (ENTITY, "https://login.example:8443/saml", ["metadata-entity-id"]),
        (ENTITY, "http://login.example/saml", ["metadata-entity-id"]),
        (ENTITY, "urn:login", ["metadata-entity-id"]),
        (ACS, "http://login.example/acs", ["metadata-acs"]),
        (ACS, "javascript:alert(1)", ["metadata-acs"]),
        ("bindings:HTTP-POST", "bindings:HTTP-Artifact", ["metadata-acs"]),
        ('use="encryption"', 'use="signing"', ["metadata-keys"]),
        ("<md:SPSSODescriptor", "<md:IDPSSODescriptor", ["metadata-unreadable"]),
        (
            f'entityID="{ENTITY}"',
            'ID="_1" validUntil="x"',
            ["metadata-valid-until", "metadata-id", "metadata-entity-id"],
        ),
    ],
)
async def test_metadata_are_held_to_the_rules_and_every_fault_is_told(
    stranger: ServiceProviderPeer, piece, other, rules
) -> None:
    answer = await stranger.introduce(stranger.metadata().replace(piece, other))
    assert answer.status_code == 422
    assert [each["code"] for each in answer.json()["errors"]] == rules
    assert code(await stranger.post(stranger.xml())) == "service-provider-unknown"


async def test_a_key_without_use_is_for_both(stranger: ServiceProviderPeer) -> None:
    both = re.sub(r' use="\w+"', "", stranger.metadata())
    assert (await stranger.introduce(both)).status_code == 201
    assert (await stranger.logged_in("kaethe-grosse", "high")).status == ["Success"]


async def test_a_comment_cuts_nothing_of_metadata(stranger: ServiceProviderPeer) -> None:
    commented = stranger.metadata().replace("MII", "M<!-- -->II")
    assert "<!-- -->" in commented
    assert (await stranger.introduce(commented)).status_code == 201
    assert (await stranger.logged_in("kaethe-grosse", "high")).status == ["Success"]


async def test_metadata_that_come_again_replace_the_former(provider: ServiceProviderPeer) -> None:
    moved = ACS.replace("8080", "9090")
    await provider.introduce(provider.metadata().replace(ACS, moved))
    assert code(await provider.post(provider.xml())) == "acs-unknown"
    provider.acs = moved
    assert (await provider.logged_in("kaethe-grosse", "high")).action == moved


async def test_an_old_login_is_forgotten_by_the_clock(provider: ServiceProviderPeer) -> None:
    location = (await provider.post(provider.xml())).headers["location"]
    await provider.order("/clock", {"advance_s": 601})
    assert code(await provider.http.get(location)) == "login-answered"
    assert code(await provider.post(provider.xml())) == "saml-request-expired"
    provider.now += timedelta(seconds=601)
    assert (await provider.post(provider.xml())).status_code == 303
