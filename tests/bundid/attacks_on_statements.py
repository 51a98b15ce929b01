"""Attacks 24 to 27, 30, 31, 36, 37, 39, 46, 47: signed rightly, but not for us, now and this request."""

from __future__ import annotations

from collections.abc import Callable

from . import responses as made
from .attack_frame import (
    case,
    good,
)
from .responses import ACS, IDP, REQUEST, SP, Signing, encrypted, signed


def otherwise(name: str, reason: str, rules: dict[str, object] | None = None, **changes: object) -> None:
    case(name, reason, lambda: made.genuine(**changes), **(rules or {}))


def around(name: str, reason: str, inner: Callable[[], bytes] = lambda: encrypted(good()), **changes: object) -> None:
    case(name, reason, lambda: made.response(inner(), **changes))


def audience(*names: str) -> str:
    inner = "".join(f"<saml2:Audience>{name}</saml2:Audience>" for name in names)
    return f"<saml2:AudienceRestriction>{inner}</saml2:AudienceRestriction>"


def statement(instant: float = -20, context: str = made.CONTEXT, more: str = "") -> str:
    return f'<saml2:AuthnStatement AuthnInstant="{made.at(instant)}"{more}>{context}</saml2:AuthnStatement>'


OTHER = "https://login.dorf.example"
otherwise("24 assertion for another service provider", "audience", conditions=audience(OTHER))
otherwise("24b no audience restriction", "audience", conditions="")
otherwise("24c audience that begins like ours", "audience", conditions=audience(SP + ".evil.example"))
otherwise("24d several audiences", "audience", conditions=audience(SP, OTHER))
otherwise("24e second restriction without us", "audience", conditions=audience(SP) + audience(OTHER))
otherwise("24f recipient elsewhere", "confirmation", confirmations=made.confirmation(recipient=OTHER))
around("24g destination elsewhere", "destination", destination=f'Destination="{OTHER}"')
around("24h no destination", "destination", destination="")
around("24i destination that begins like ours", "destination", destination=f'Destination="{ACS}/"')
case("24j no conditions", "conditions", lambda: made.response(encrypted(signed(_without_conditions()))))
around(
    "25 signed by another identity provider",
    "signature_invalid",
    lambda: encrypted(signed(made.assertion(), how=Signing(by=made.key("foreign")))),
)
otherwise(
    "25b assertion of another issuer, signed by the right key",
    "issuer",
    issuer="<saml2:Issuer>https://e4k-portal.een.elster.de</saml2:Issuer>",
)
around(
    "25c Response of another issuer", "issuer", issuer="<saml2:Issuer>https://e4k-portal.een.elster.de</saml2:Issuer>"
)
around("25d encrypted without issuer of the Response", "issuer", issuer="")
around("25e issuer of another format", "issuer", issuer=f'<saml2:Issuer Format="urn:x">{IDP}</saml2:Issuer>')
otherwise("26 expired", "expired", end=-61)
otherwise("26b confirmation expired", "confirmation", confirmations=made.confirmation(end=-61))
otherwise("26c not valid yet", "not_yet_valid", before=61)
otherwise("26d issued too long ago", "issued_at", issued=made.at(-361))
otherwise("26e issued in the future", "issued_at", issued=made.at(61))
around("26f Response issued too long ago", "issued_at", issued=made.at(-361))
otherwise("26g authenticated before the request", "authn_instant", statement=statement(-151))
otherwise("26h authenticated in the future", "authn_instant", statement=statement(61))
otherwise("26i session over", "session_over", statement=statement(more=f' SessionNotOnOrAfter="{made.at(-61)}"'))
otherwise("26j time in another zone", "instant", issued="2026-11-30T12:59:50+01:00")
otherwise("26k time that does not exist", "instant", issued="2026-11-30T24:00:00Z")
around("27 unsolicited", "in_response_to", request="")
around("27b answer to another request", "in_response_to", request=f'InResponseTo="{REQUEST}1"')
otherwise(
    "27c request named by the Response alone",
    "confirmation",
    confirmations=made.CONFIRMATION.replace(f'InResponseTo="{REQUEST}" ', ""),
)
otherwise(
    "27d another request in the assertion", "confirmation", confirmations=made.confirmation(request=REQUEST + "1")
)
otherwise(
    "30 no context of the login",
    "authn_statement",
    statement=statement(
        context="<saml2:AuthnContext><saml2:AuthnContextDeclRef>x</saml2:AuthnContextDeclRef></saml2:AuthnContext>"
    ),
)
otherwise("30b two authentication statements", "authn_statement", statement=made.STATEMENT * 2)
otherwise("30c no authentication statement", "authn_statement", statement="")
otherwise(
    "30d empty class of context",
    "authn_statement",
    statement=statement(context=made.CONTEXT.replace("STORK-QAA-Level-4", " ")),
)
around("31 success without assertion", "status_form", lambda: b"")
around("31b error with assertion", "status_form", said=made.status(made.SAML + "status:Requester"))
around(
    "31c success nested below an error", "status_form", said=made.status(made.SAML + "status:Requester", made.SUCCESS)
)
around(
    "31d success nested, no assertion",
    "status_form",
    lambda: b"",
    said=made.status(made.SAML + "status:Requester", made.SUCCESS),
)
around("31e error below success", "status_form", said=made.status(made.SUCCESS, made.SAML + "status:AuthnFailed"))
around("31f error of no known kind", "status", lambda: b"", said=made.status(made.SAML + "status:Responder"))
around("version of the Response", "version", version="2.1")
otherwise("version of the assertion", "version", version="1.1")
BPK2 = made.attribute(made.BPK2, "k2j")
otherwise("36 an attribute twice", "attribute_twice", attributes=BPK2 + made.attribute(made.BPK2, "evil"))
otherwise(
    "36b an attribute twice, once with a blank",
    "attribute_twice",
    attributes=BPK2 + made.attribute(made.BPK2.replace("oid:", "oid: "), "evil"),
)
otherwise(
    "36c encrypted attribute",
    "attribute_form",
    attributes=encrypted(b"x").decode().replace("EncryptedAssertion", "EncryptedAttribute"),
)
otherwise("36d text beside elements", "attribute_form", attributes=made.attribute("Anschrift", "x<Ort>y</Ort>"))
otherwise(
    "36e part of a value twice", "attribute_twice", attributes=made.attribute("Anschrift", "<Ort>x</Ort><Ort>y</Ort>")
)
otherwise("37 value too long", "attribute_size", attributes=made.attribute(made.NAME, "x" * 10_000))
otherwise("37b too many values", "attribute_size", attributes=made.attribute(made.NAME, *["x"] * 60))
otherwise(
    "37c too many attributes", "attribute_size", attributes="".join(made.attribute(f"a{n}", "x") for n in range(201))
)
otherwise(
    "37d too many parts",
    "attribute_size",
    attributes=made.attribute("a", "".join(f"<p{n}>x</p{n}>" for n in range(60))),
)
otherwise("39 sender vouches", "confirmation_method", confirmations=made.confirmation("sender-vouches"))
otherwise("39b no confirmation", "confirmation_method", confirmations="")
otherwise("39c several, all expired", "confirmation", confirmations=made.confirmation(end=-61) * 2)
otherwise(
    "39d bearer with NotBefore", "confirmation", confirmations=made.confirmation(more=f' NotBefore="{made.at(-60)}"')
)
otherwise(
    "39e bearer without end",
    "confirmation",
    confirmations=made.CONFIRMATION.replace(f'NotOnOrAfter="{made.at(240)}" ', ""),
)
otherwise(
    "39f bearer without data",
    "confirmation",
    confirmations=f'<saml2:SubjectConfirmation Method="{made.SAML}cm:bearer"/>',
)
otherwise(
    "39g encrypted subject", "subject", name_id=encrypted(b"x").decode().replace("EncryptedAssertion", "EncryptedID")
)
otherwise("39h name too long", "subject", name_id=f"<saml2:NameID>{'x' * 10_000}</saml2:NameID>")
otherwise("46 holder of key", "confirmation_method", confirmations=made.confirmation("holder-of-key"))
PROXY = '<saml2:ProxyRestriction Count="{}">{}</saml2:ProxyRestriction>'
otherwise("47 no proxy permitted", "proxy", conditions=made.AUDIENCE + PROXY.format(0, ""))
otherwise("47b no proxy permitted, written otherwise", "proxy", conditions=made.AUDIENCE + PROXY.format("+00", ""))
otherwise(
    "47c proxy for others only",
    "proxy",
    conditions=made.AUDIENCE + PROXY.format(3, f"<saml2:Audience>{OTHER}</saml2:Audience>"),
)
otherwise("47d two proxy restrictions", "conditions", conditions=made.AUDIENCE + PROXY.format(3, "") * 2)
otherwise(
    "47e condition that is named by its type only",
    "conditions",
    conditions='<saml2:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:type="saml2:OneTimeUseType"/>' + made.AUDIENCE,
)
case(
    "ID too long", "id", lambda: made.response(encrypted(signed(made.assertion(id_="_" + "x" * 300), "_" + "x" * 300)))
)


def _without_conditions() -> bytes:
    document = made.assertion()
    end = b"</saml2:Conditions>"
    return document[: document.index(b"<saml2:Conditions ")] + document[document.index(end) + len(end) :]


SKEW_EDGES = {
    "expired": {"end": -59.999},
    "confirmation": {"confirmations": made.confirmation(end=-59.999)},
    "not_yet_valid": {"before": 60},
    "issued_at": {"issued": made.at(-360)},
    "authn_instant": {"statement": statement(-150)},
}
"""Just inside what the skew of clocks allows."""
