"""What a Response says of how the login went; every status but success ends it.

Knows: status codes, BundID's detail in JSON, the words by which identity providers tell a cancel. Never does: repeat a
text of the Response; such a Response is hardly ever signed, and whoever reads it reads a stranger.
Standard: SAML 2.0 core §3.2.2. Start reading: `refusal_by_status`.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from gateway.bundid import names, refusal, saml_xml
from gateway.bundid.refusal import ResponseRefused, refused
from gateway.bundid.saml_xml import SAMLP
from gateway.input.json_reader import decode
from gateway.ports.identity import RefusalKind

_STATUS: Final = "urn:oasis:names:tc:SAML:2.0:status:"
SUCCESS: Final = _STATUS + "Success"
AUTHN_FAILED: Final = _STATUS + "AuthnFailed"
NO_AUTHN_CONTEXT: Final = _STATUS + "NoAuthnContext"
REQUEST_DENIED: Final = _STATUS + "RequestDenied"
_AKDB_DETAIL: Final = f"{{{names.AKDB}}}StatusDetail"
_ATTRIBUTES_MISSING: Final = "IDP_REQUIRED_ATTRIBUTES_MISSING"
_DETAIL_MOST: Final = 8192
_CANCELS: Final = frozenset(
    {
        "Authentication was canceled by the user.",  # simulator of BundID
        "Die ELSTER-seitige Authentifizierung wurde durch den Benutzer abgebrochen.",  # Mein Unternehmenskonto
    }
)
_UNNAMED: Final = "An error has occurred."  # the simulator says so under NoAuthnContext, of any fault


def codes(response: etree._Element) -> list[str]:
    """The status codes from the top one down."""
    return [code.get("Value", "") for code in response.iterfind(f"{SAMLP}Status//{SAMLP}StatusCode")]


def check_success(response: etree._Element) -> None:
    """Refuse an assertion beside a status that is not success alone."""
    refusal.require(codes(response) == [SUCCESS], "status_form")


def refusal_by_status(response: etree._Element) -> ResponseRefused:
    """What the person is told of a Response that brings no assertion."""
    answered = codes(response)
    if SUCCESS in answered:
        return refused("status_form")
    message = saml_xml.text_below(response, f"{SAMLP}Status/{SAMLP}StatusMessage").strip()
    if AUTHN_FAILED in answered and message in _CANCELS:
        return ResponseRefused(RefusalKind.CANCELLED, "status_cancelled")
    if REQUEST_DENIED in answered and _ATTRIBUTES_MISSING in _detail_codes(response):
        return ResponseRefused(RefusalKind.ATTRIBUTES_MISSING, "status_attributes_missing")
    if NO_AUTHN_CONTEXT in answered and message != _UNNAMED:
        return ResponseRefused(RefusalKind.LEVEL_TOO_LOW, "status_no_authn_context")
    return refused("status")


def _detail_codes(response: etree._Element) -> list[object]:
    """The codes of `errors` in BundID's detail; none where it is no such JSON."""
    written = saml_xml.text_below(response, f"{SAMLP}Status/{SAMLP}StatusDetail/{_AKDB_DETAIL}")
    try:
        detail = decode(written.encode(), most=_DETAIL_MOST)
    except ValueError:
        return []
    errors = detail.get("errors") if isinstance(detail, dict) else None
    return [error.get("code") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
