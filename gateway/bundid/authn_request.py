"""The request for a login: signed, for a browser to carry by a form or by a redirect.

Knows: the order of elements, BundID's extension (version 2) complete. Never does: read a clock, make an ID, judge the
answer. Standards: SAML 2.0 core §3.4.1, bindings §3.4 and §3.5; BundID interface 10.2 §9. Start reading: `form`.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

from lxml import etree

from gateway.bundid import names, signing
from gateway.bundid.keys import KeyPair
from gateway.bundid.profile import RequestRules

LANGUAGES: Final = ("de", "en", "ru", "uk")
_ISSUER_END: Final = b"</saml2:Issuer>"


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """What is asked. `context` is the word for the level (empty: none is named), `destination` where it is sent.

    `display_name`, `online_service_id`, `language` and `back_url` are shown by BundID and sent in its extension only.
    """

    id: str
    at: datetime
    issuer: str
    destination: str
    acs_url: str
    context: str
    display_name: str
    online_service_id: str
    language: str
    back_url: str | None = None


def form(asked: AuthnRequest, rules: RequestRules, keys: KeyPair, relay_state: str) -> Mapping[str, str]:
    """The fields of a form that is posted to `destination`; the signature stands in the XML."""
    document = signing.enveloped(canonical(asked, rules), asked.id, _ISSUER_END, keys, rules.signature_algorithm)
    return {"SAMLRequest": base64.b64encode(document).decode(), "RelayState": relay_state}


def redirect(asked: AuthnRequest, rules: RequestRules, keys: KeyPair, relay_state: str) -> str:
    """The address that the browser is sent to; the signature stands beside the XML, over the very query."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(canonical(asked, rules)) + packer.flush()
    parts = (
        ("SAMLRequest", base64.b64encode(packed).decode()),
        ("RelayState", relay_state),
        ("SigAlg", rules.signature_algorithm),
    )
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parts)
    value = base64.b64encode(signing.sign(query.encode(), keys, rules.signature_algorithm)).decode()
    joint = "&" if urlsplit(asked.destination).query else "?"
    return f"{asked.destination}{joint}{query}&Signature={quote(value, safe='')}"


def canonical(asked: AuthnRequest, rules: RequestRules) -> bytes:
    """The request without signature, as exclusive canonical XML; the same bytes for the same arguments."""
    root = etree.Element(
        _protocol("AuthnRequest"),
        {
            "ID": asked.id,
            "Version": "2.0",
            "IssueInstant": _instant(asked.at),
            "ForceAuthn": "true" if rules.force_authn else "false",
            "IsPassive": "false",
            "Destination": asked.destination,
            "ProtocolBinding": names.HTTP_POST,
            "AssertionConsumerServiceURL": asked.acs_url,
        },
        nsmap={"saml2p": names.PROTOCOL, "saml2": names.ASSERTION},
    )
    etree.SubElement(root, _assertion("Issuer")).text = asked.issuer
    if rules.extension == "akdb":
        _extension(etree.SubElement(root, _protocol("Extensions")), asked, rules)
    if rules.name_id_policy:
        policy = {"Format": rules.name_id_policy, "AllowCreate": "true"}
        etree.SubElement(root, _protocol("NameIDPolicy"), policy)
    if asked.context:
        context = etree.SubElement(root, _protocol("RequestedAuthnContext"), Comparison="minimum")
        etree.SubElement(context, _assertion("AuthnContextClassRef")).text = asked.context
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False)


def _extension(parent: etree._Element, asked: AuthnRequest, rules: RequestRules) -> None:
    """BundID's extension in the order of its sample; signed with the request, else BundID ignores it."""
    root = etree.SubElement(
        parent,
        _akdb("AuthenticationRequest"),
        {"Version": "2", "EnableStatusDetail": "true"},
        nsmap={"akdb": names.AKDB},
    )
    methods = etree.SubElement(root, _akdb("AuthnMethods"))
    for method in rules.authn_methods:
        enabled = etree.SubElement(etree.SubElement(methods, _akdb(method)), _akdb("Enabled"))
        enabled.text = "true"
    attributes = etree.SubElement(root, _akdb("RequestedAttributes"))
    for name, required in rules.requested.items():
        xml_attributes = {"Name": name, "RequiredAttribute": "true" if required else "false"}
        etree.SubElement(attributes, _akdb("RequestedAttribute"), xml_attributes)
    shown = etree.SubElement(root, _akdb("DisplayInformation"))
    version = etree.SubElement(shown, _classic("Version"), nsmap={"classic-ui": names.CLASSIC_UI})
    language = asked.language if asked.language in LANGUAGES else LANGUAGES[0]
    for name, text in (
        ("OrganizationDisplayName", asked.display_name),
        ("Lang", language),
        ("BackURL", asked.back_url or ""),
        ("OnlineServiceId", asked.online_service_id),
    ):
        if text:
            etree.SubElement(version, _classic(name)).text = text


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _protocol(name: str) -> str:
    return f"{{{names.PROTOCOL}}}{name}"


def _assertion(name: str) -> str:
    return f"{{{names.ASSERTION}}}{name}"


def _akdb(name: str) -> str:
    return f"{{{names.AKDB}}}{name}"


def _classic(name: str) -> str:
    return f"{{{names.CLASSIC_UI}}}{name}"
