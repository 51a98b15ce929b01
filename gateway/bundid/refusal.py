"""Why an answer signs nobody in: a closed list of reasons for the operator's log.

Knows: the reasons. Never does: repeat anything of an answer, tell reasons apart outside.
Standard: SAML 2.0 security considerations §6.1. Start reading: `require`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.ports.identity import RefusalKind

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "too_large": "the answer is larger than allowed, or has more elements or attributes",
        "base64": "the answer is no standard base64",
        "doctype": "the XML holds a document type or an entity declaration",
        "xml": "the XML is not well-formed, nests too deeply or is not in UTF-8",
        "comment": "the XML holds a comment or a processing instruction",
        "schema": "the XML is not valid by the schemas of SAML 2.0",
        "root": "the document is no Response, or holds a second one",
        "assertion_count": "there is not exactly one assertion, plain or encrypted, directly in the Response",
        "id": "an ID occurs twice, is malformed or stands in another attribute than ID",
        "signature_place": "a signature stands elsewhere than directly in the Response or the assertion",
        "signature_missing": "what has to be signed carries no signature",
        "signature_form": "the signature holds more or other parts than one reference takes",
        "signature_reference": "the signature does not refer to the element that it stands in",
        "signature_transforms": "the signature canonicalises or transforms in another way than the one allowed",
        "signature_algorithm": "the signature or its digest uses an algorithm that is not allowed",
        "signature_value": "digest or signature value are no base64",
        "signature_key_info": "the signature names a key by an address",
        "signature_invalid": "the signature is not one by a pinned key of the identity provider over this content",
        "not_encrypted": "the assertion is not encrypted, which this identity provider's profile demands",
        "decryption_failed": "the encrypted assertion cannot be decrypted",
        "plaintext": "what was encrypted is not an assertion alone",
        "version": "the version is not 2.0",
        "destination": "the Response is meant for another address",
        "in_response_to": "the answer does not name our request in both places",
        "issuer": "the issuer is not the identity provider that was asked",
        "issued_at": "the answer was issued in the future or too long ago",
        "status": "the status says neither success nor anything that is known",
        "status_form": "the status contradicts the rest of the Response",
        "status_cancelled": "the person cancelled at the identity provider",
        "status_attributes_missing": "the account lacks required attributes",
        "status_no_authn_context": "the identity provider cannot reach the requested level",
        "subject": "the subject is missing, encrypted or has no usable identifier",
        "confirmation_method": "there is no bearer confirmation",
        "confirmation": "no bearer confirmation is for this request, this address and this time",
        "conditions": "conditions are missing, or hold one that is not understood",
        "audience": "the audience is not exactly us",
        "not_yet_valid": "the assertion is not valid yet",
        "expired": "the assertion is not valid any more",
        "proxy": "the identity provider does not permit to sign in elsewhere with this assertion",
        "authn_statement": "there is not exactly one authentication statement with one class of context",
        "authn_instant": "the person authenticated before the request or in the future",
        "session_over": "the session at the identity provider is over",
        "attribute_form": "an attribute is encrypted, or its values are of a form that is not understood",
        "attribute_twice": "an attribute occurs twice",
        "attribute_size": "there are more or longer attributes than allowed",
        "instant": "a time is not written in UTC",
    }
)

IDENTITY_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "account_missing": "the answer names no account, and guests are not taken here",
        "account_unfit": "the account's key holds white space or is too long",
        "level_contradiction": "an attribute names a higher level than the context",
        "level_missing": "an attribute that says the level is missing",
        "level_too_low": "the level is lower than was asked for",
        "level_unknown": "no level is named, or none that the profile knows",
        "provider_disabled": "the identity provider is disabled, or its metadata are not known yet",
        "test_account": "a test account, in production",
        "value_too_long": "a value is longer than allowed",
    }
)
"""Why a genuine answer signs nobody in."""


class ResponseRefused(Exception):
    """An answer that signs nobody in. `kind` is what the person is told, `reason` one of `REASONS`."""

    def __init__(self, kind: RefusalKind, reason: str) -> None:
        super().__init__(f"{kind}: {REASONS[reason]}")
        self.kind, self.reason = kind, reason


def refused(reason: str) -> ResponseRefused:
    """The refusal that says no more outside than that it failed."""
    return ResponseRefused(RefusalKind.FAILED, reason)


def require(holds: object, reason: str) -> None:
    """Refuse unless it holds (is true, not empty, not None)."""
    if not holds:
        raise refused(reason)
