"""An answer of an identity provider: from the field of the form to a verified assertion.

Knows: the order in which an answer is taken apart, and what makes it the answer to our request. Never does: read a
value from bytes that no pinned key signed, say outside which check failed, keep anything.
Standards: SAML 2.0 core, bindings §3.5, profiles §4.1.4. Start reading: `read`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree

from gateway.bundid import conditions, refusal, saml_xml, schemas, statements, xmlenc, xmlsig
from gateway.bundid.algorithms import Algorithms
from gateway.bundid.assertion import Assertion
from gateway.bundid.refusal import ResponseRefused, refused
from gateway.bundid.saml_xml import SAML
from gateway.bundid.status import check_success, refusal_by_status
from gateway.bundid.xmlsig import PublicKey

__all__ = ["ResponseRefused", "ResponseRules", "read"]

AGE_MOST: Final = timedelta(minutes=5)
_ENTITY: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRules:
    """What an answer is held to.

    `verification_keys` are pinned; of `decryption_keys` any may fit (roll-over). `requested_at` is when the request
    `request_id` was made. `signature`: the assertion has to be signed, or one of assertion and Response. With
    `require_encryption` an assertion in the clear signs nobody in. `skew_s` is how far clocks may differ, `max_bytes`
    how long the field may be. `attributes` are the names that are read (None: all); of those each may occur once, while
    identity providers repeat others (roles).
    """

    idp_entity_id: str
    verification_keys: Sequence[PublicKey] = field(repr=False)
    decryption_keys: Sequence[RSAPrivateKey] = field(repr=False)
    entity_id: str
    acs_url: str
    request_id: str
    requested_at: datetime
    now: datetime
    algorithms: Algorithms
    signature: Literal["assertion", "assertion_or_response"] = "assertion"
    require_encryption: bool
    skew_s: int = 60
    max_bytes: int = 512 << 10
    attributes: frozenset[str] | None = None


def read(answer: bytes, rules: ResponseRules) -> Assertion:
    """The assertion that the answer brings.

    Args:
        answer: the field `SAMLResponse` as it came.
        rules: the request, the identity provider and us.

    Raises:
        ResponseRefused: for whatever else it is; nothing else is raised for any bytes.
    """
    document = saml_xml.decoded(answer, rules.max_bytes)
    root = saml_xml.parsed(document, rules.max_bytes)
    refusal.require(schemas.is_valid(document), "schema")
    saml_xml.check_response(root)
    signed = xmlsig.is_signed(root)
    response = _verified(root, rules) if signed else root
    plain, encrypted = response.find(SAML + "Assertion"), response.find(SAML + "EncryptedAssertion")
    refusal.require(plain is None or not rules.require_encryption, "not_encrypted")
    if encrypted is not None:
        plain = _decrypted(encrypted, rules)
    assertion = None if plain is None else _trusted(plain, rules, within_signed=signed)
    _check_response(response, rules, named=signed or encrypted is not None)
    if assertion is None:
        raise refusal_by_status(response)
    check_success(response)
    return _read(assertion, rules)


def _verified(root: etree._Element, rules: ResponseRules) -> etree._Element:
    return xmlsig.verified(root, rules.verification_keys, rules.algorithms, rules.max_bytes)


def _decrypted(holder: etree._Element, rules: ResponseRules) -> etree._Element:
    """The assertion that was encrypted, a document of its own and held to the same rules as the Response."""
    plaintext = xmlenc.decrypted(holder, rules.decryption_keys, rules.algorithms)
    root = saml_xml.parsed_within(plaintext, holder, rules.max_bytes)
    saml_xml.check_assertion(root)
    refusal.require(schemas.is_valid(saml_xml.isolated(root)), "schema")
    return root


def _trusted(assertion: etree._Element, rules: ResponseRules, *, within_signed: bool) -> etree._Element:
    """The assertion as it was signed: itself, or, where the rules allow, as a part of the signed Response."""
    if rules.signature == "assertion_or_response" and within_signed and not xmlsig.is_signed(assertion):
        return saml_xml.parsed(saml_xml.isolated(assertion), rules.max_bytes)
    return _verified(assertion, rules)


def _check_response(response: etree._Element, rules: ResponseRules, *, named: bool) -> None:
    """The Response answers our request at our address. `named`: it has to name its issuer (errata E17)."""
    refusal.require(response.get("Version") == "2.0", "version")
    refusal.require(response.get("Destination") == rules.acs_url, "destination")
    refusal.require(response.get("InResponseTo") == rules.request_id, "in_response_to")
    _check_issued(response, rules)
    if named or response.find(SAML + "Issuer") is not None:
        _check_issuer(response, rules)


def _check_issuer(message: etree._Element, rules: ResponseRules) -> None:
    issuer = message.find(SAML + "Issuer")
    if issuer is None:
        raise refused("issuer")
    refusal.require(issuer.get("Format") in {None, _ENTITY}, "issuer")
    refusal.require(saml_xml.text(issuer) == rules.idp_entity_id, "issuer")


def _check_issued(message: etree._Element, rules: ResponseRules) -> None:
    issued, skew = saml_xml.instant(message.get("IssueInstant")), timedelta(seconds=rules.skew_s)
    refusal.require(rules.now - AGE_MOST - skew <= issued <= rules.now + skew, "issued_at")


def _read(assertion: etree._Element, rules: ResponseRules) -> Assertion:
    """What the verified assertion says, if it is for us and now."""
    own_id = saml_xml.message_id(assertion)
    refusal.require(assertion.get("Version") == "2.0", "version")
    _check_issuer(assertion, rules)
    _check_issued(assertion, rules)
    audience = conditions.Audience(rules.entity_id, rules.acs_url, rules.request_id)
    time = conditions.JudgingTime(rules.now, timedelta(seconds=rules.skew_s))
    subject = assertion.find(SAML + "Subject")
    if subject is None:
        raise refused("subject")
    name_id, name_format = statements.name_id(subject)
    confirmed_until = conditions.confirmed_until(subject, audience, time)
    valid_until, one_time_use = conditions.check_conditions(assertion, audience, time)
    statement, authn_context = statements.authn_statement(assertion)
    authenticated = conditions.check_session(statement, rules.requested_at, time)
    return Assertion(
        id=own_id,
        issuer=rules.idp_entity_id,
        name_id=name_id,
        name_id_format=name_format,
        authn_context=authn_context,
        authn_instant=authenticated,
        not_on_or_after=min(confirmed_until, valid_until) if valid_until else confirmed_until,
        attributes=statements.attributes(assertion, rules.attributes),
        one_time_use=one_time_use,
    )
