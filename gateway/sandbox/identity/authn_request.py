"""A request for a login, checked as strictly as BundID would.

Knows: every rule that a request is held to, in their order. Never does: remember requests; `sandbox` does.
Standard: SAML 2.0 core §3.4.1, web browser SSO profile; BundID interface 10.2 §5, §8 and §9. Start reading: `read`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from lxml import etree

from gateway.sandbox.identity import names, service_providers, xml_signature
from gateway.sandbox.identity.extension import AkdbExtension, in_order
from gateway.sandbox.identity.extension import read as read_extension
from gateway.sandbox.identity.messages import Received
from gateway.sandbox.identity.profiles import ShapedProvider
from gateway.sandbox.identity.refusals import RequestRefused, require
from gateway.sandbox.identity.service_providers import ServiceProvider
from gateway.xoev.xml.strict_xml import XmlLimits, parse

_P: Final = f"{{{names.PROTOCOL}}}"
_A: Final = f"{{{names.ASSERTION}}}"
_LIMITS: Final = XmlLimits(size=1 << 18, depth=20)
_CHILDREN: Final = (
    f"{_A}Issuer",
    f"{{{names.DS}}}Signature",
    f"{_P}Extensions",
    f"{_A}Subject",
    f"{_P}NameIDPolicy",
    f"{_A}Conditions",
    f"{_P}RequestedAuthnContext",
    f"{_P}Scoping",
)
_ATTRIBUTES: Final = frozenset(
    {
        "ID",
        "Version",
        "IssueInstant",
        "Destination",
        "Consent",
        "ForceAuthn",
        "IsPassive",
        "ProtocolBinding",
        "AssertionConsumerServiceIndex",
        "AssertionConsumerServiceURL",
        "AttributeConsumingServiceIndex",
        "ProviderName",
    }
)
_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
_OLDEST, _AHEAD = timedelta(minutes=5), timedelta(minutes=3)
_STORK: Final = {f"{names.STORK}{number}": number for number in (1, 3, 4)}
_EIDAS: Final = {f"http://eidas.europa.eu/LoA/{word}": number for word, number in names.LEVELS.items() if number > 1}


@dataclass(frozen=True, slots=True)
class AskedLogin:
    """A request that keeps every rule. `level` is the STORK number that is asked for at least."""

    id: str
    profile: ShapedProvider
    provider: ServiceProvider
    answer_to: str
    relay_state: str | None = field(repr=False)
    level: int
    passive: bool
    extension: AkdbExtension


def issuer_of(received: Received) -> str:
    """The entity id of the service provider that says it asks. Raises `RequestRefused`."""
    return (_root(received).findtext(f"{_A}Issuer") or "").strip()


def read(
    received: Received, profile: ShapedProvider, destination: str, providers: Sequence[ServiceProvider], now: datetime
) -> AskedLogin:
    """The login that is asked for. Raises `RequestRefused` with the first rule that is broken."""
    root = _root(received)
    provider = service_providers.named(providers, (root.findtext(f"{_A}Issuer") or "").strip())
    if provider is None:
        raise RequestRefused("service-provider-unknown")
    _signed(received, root, provider)
    require(root.get("Destination") == destination, "destination-wrong")
    require(now - _OLDEST <= _instant(root) <= now + _AHEAD, "saml-request-expired")
    by_post = root.get("ProtocolBinding", names.POST) == names.POST
    require(by_post and "AssertionConsumerServiceIndex" not in root.attrib, "acs-unknown")
    answer_to = root.get("AssertionConsumerServiceURL", provider.answers_to[0])
    require(answer_to in provider.answers_to, "acs-unknown")
    _name_id_policy(root.find(f"{_P}NameIDPolicy"), profile)
    context = root.find(f"{_P}RequestedAuthnContext")
    extension = read_extension(root.find(f"{_P}Extensions")) if profile.extension else AkdbExtension()
    return AskedLogin(
        id=root.get("ID", ""),
        profile=profile,
        provider=provider,
        answer_to=answer_to,
        relay_state=received.relay_state,
        level=_level(context, strict=profile.extension),
        passive=root.get("IsPassive") in {"true", "1"},
        extension=extension,
    )


def _root(received: Received) -> etree._Element:
    root = parse(received.xml, _LIMITS).root
    if root is None or any(not isinstance(node.tag, str) for node in root.iter()):  # a comment would cut texts short
        raise RequestRefused("saml-request-unreadable")
    shaped = root.tag == f"{_P}AuthnRequest" and set(map(str, root.keys())) <= _ATTRIBUTES
    shaped = shaped and in_order(root, _CHILDREN) and root.find(_CHILDREN[0]) is not None
    shaped = shaped and root.get("Version") == "2.0" and bool(_ID.fullmatch(root.get("ID", "")))
    flags = {root.get("ForceAuthn", "false"), root.get("IsPassive", "false")}
    require(shaped and flags <= {"true", "false", "1", "0"}, "saml-request-schema")
    return root


def _signed(received: Received, root: etree._Element, provider: ServiceProvider) -> None:
    if received.binding == names.REDIRECT:
        require(bool(received.signature), "saml-request-not-signed")
        require(root.find(_CHILDREN[1]) is None, "saml-request-schema")
        valid = xml_signature.verifies(received.signed_octets, received.signature, provider.signing, received.algorithm)
    else:
        require(root.find(_CHILDREN[1]) is not None, "saml-request-not-signed")
        valid = xml_signature.holds(root, provider.signing)
    require(valid, "saml-request-signature-invalid")


def _instant(root: etree._Element) -> datetime:
    text = root.get("IssueInstant", "")
    require(bool(_INSTANT.fullmatch(text)), "saml-request-schema")
    try:
        return datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    except ValueError:
        raise RequestRefused("saml-request-schema") from None


def _name_id_policy(policy: etree._Element | None, profile: ShapedProvider) -> None:
    if policy is None:
        return
    taken = {None, names.UNSPECIFIED, profile.name_id_format}
    require(policy.get("Format") in taken, "name-id-policy-unsupported")


def _level(context: etree._Element | None, *, strict: bool) -> int:
    """The STORK number that is asked for; what Mein Unternehmenskonto is asked is not published, so it takes more."""
    if context is None:
        return 1
    classes = [(element.text or "").strip() for element in context.findall(f"{_A}AuthnContextClassRef")]
    if not strict:
        return max((({**_STORK, **_EIDAS}).get(name, 1) for name in classes), default=1)
    minimum = context.get("Comparison") == "minimum" and len(classes) == len(list(context)) == 1
    require(minimum and classes[0] in _STORK, "authn-context-unsupported")
    return _STORK[classes[0]]
