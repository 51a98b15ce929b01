"""The XML of an assertion and of the response around it, as text.

Knows: the shape of BundID's official sample. Never does: sign, encrypt, decide. Standard: SAML 2.0 core §2 and §3.2.
Start reading: `assertion`, `response`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.sandbox.identity import names
from gateway.sandbox.identity.attributes import SentAttribute

_LIFE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Statement:
    """What an assertion says; `in_response_to` None: it answers nothing."""

    id: str
    issuer: str
    at: datetime
    name_id: str = field(repr=False)
    name_id_format: str
    audience: str
    provider: str
    recipient: str
    in_response_to: str | None
    address: str
    session: str
    context: str
    attribute_format: str
    attributes: Sequence[SentAttribute] = field(repr=False)


def assertion(statement: Statement) -> str:
    """The assertion without signature; every prefix that it uses is declared in it."""
    begins, until = instant(statement.at), instant(statement.at + _LIFE)
    asked = f' InResponseTo="{escaped(statement.in_response_to)}"' if statement.in_response_to else ""
    return (
        f'<saml2:Assertion xmlns:saml2="{names.ASSERTION}" xmlns:xsd="{names.XSD}" ID="{statement.id}"'
        f' IssueInstant="{begins}" Version="2.0"><saml2:Issuer>{escaped(statement.issuer)}</saml2:Issuer>'
        f'<saml2:Subject><saml2:NameID Format="{statement.name_id_format}" NameQualifier="{escaped(statement.issuer)}"'
        f' SPNameQualifier="{escaped(statement.provider)}">{escaped(statement.name_id)}</saml2:NameID>'
        f'<saml2:SubjectConfirmation Method="{names.BEARER}"><saml2:SubjectConfirmationData'
        f' Address="{escaped(statement.address)}"{asked} NotOnOrAfter="{until}"'
        f' Recipient="{escaped(statement.recipient)}"/>'
        f"</saml2:SubjectConfirmation></saml2:Subject>"
        f'<saml2:Conditions NotBefore="{begins}" NotOnOrAfter="{until}"><saml2:AudienceRestriction>'
        f"<saml2:Audience>{escaped(statement.audience)}</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>"
        f'<saml2:AuthnStatement AuthnInstant="{begins}" SessionIndex="{statement.session}">'
        f'<saml2:SubjectLocality Address="{escaped(statement.address)}"/><saml2:AuthnContext>'
        f"<saml2:AuthnContextClassRef>{escaped(statement.context)}</saml2:AuthnContextClassRef></saml2:AuthnContext>"
        f"</saml2:AuthnStatement>{_attributes(statement)}</saml2:Assertion>"
    )


def response(  # noqa: PLR0913 - the attributes and the two parts of a response
    content: str,
    *,
    message_id: str,
    issuer: str,
    destination: str,
    in_response_to: str | None,
    at: datetime,
    status: str | None = None,
) -> str:
    """The response around `content`; `status` is the element of one that signs nobody in."""
    asked = f' InResponseTo="{escaped(in_response_to)}"' if in_response_to else ""
    success = f'<saml2p:Status><saml2p:StatusCode Value="{names.SUCCESS}"/></saml2p:Status>'
    return (
        f'<saml2p:Response xmlns:saml2p="{names.PROTOCOL}" Destination="{escaped(destination)}" ID="{message_id}"'
        f'{asked} IssueInstant="{instant(at)}" Version="2.0"><saml2:Issuer xmlns:saml2="{names.ASSERTION}"'
        f' Format="{names.ENTITY}">{escaped(issuer)}</saml2:Issuer>{status or success}{content}</saml2p:Response>'
    )


def failure(top: str, second: str | None, message: str, detail: str | None = None) -> str:
    """`Status` of an answer that signs nobody in; `detail` is the JSON text that BundID gives where asked."""
    inner = f'<saml2p:StatusCode Value="{second}"/>' if second else ""
    inner_detail = ""
    if detail is not None:
        inner_detail = (
            f'<saml2p:StatusDetail><akdb:StatusDetail xmlns:akdb="{names.AKDB}">{escaped(detail)}'
            "</akdb:StatusDetail></saml2p:StatusDetail>"
        )
    return (
        f'<saml2p:Status><saml2p:StatusCode Value="{top}">{inner}</saml2p:StatusCode>'
        f"<saml2p:StatusMessage>{escaped(message)}</saml2p:StatusMessage>{inner_detail}</saml2p:Status>"
    )


def _attributes(statement: Statement) -> str:
    parts = []
    for attribute in statement.attributes:
        friendly = f' FriendlyName="{escaped(attribute.friendly)}"' if attribute.friendly else ""
        trust = ""
        if attribute.trust is not None:
            trust = f' xmlns:akdb="{names.AKDB}" akdb:TrustLevel="{names.TRUST[attribute.trust - 1]}"'
        parts.append(
            f'<saml2:Attribute{trust}{friendly} Name="{escaped(attribute.name)}"'
            f' NameFormat="{statement.attribute_format}">{_value(attribute.value)}</saml2:Attribute>'
        )
    return f"<saml2:AttributeStatement>{''.join(parts)}</saml2:AttributeStatement>"


def _value(value: str | Mapping[str, str]) -> str:
    if isinstance(value, str):
        return (
            f'<saml2:AttributeValue xmlns:xsi="{names.XSI}" xsi:type="xsd:string">{escaped(value)}'
            "</saml2:AttributeValue>"
        )
    kind = "AdresseType" if "Ort" in value else "HandelndePersonType"
    inner = "".join(f"<ekona:{name}>{escaped(text)}</ekona:{name}>" for name, text in value.items())
    return (
        f'<saml2:AttributeValue xmlns:ekona="{names.EKONA}" xmlns:xsi="{names.XSI}" xsi:type="ekona:{kind}">{inner}'
        "</saml2:AttributeValue>"
    )


def instant(at: datetime) -> str:
    """A point in time as BundID writes it, in milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def escaped(text: str) -> str:
    """Text for element content and for attributes in quotation marks."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
