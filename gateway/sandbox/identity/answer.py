"""The answer to a request: an account signed in, or the reason why not.

Knows: what is signed and encrypted, and what an ordered fault makes of it. Never does: send it.
Standard: SAML 2.0 core §3.3; NEZO. Start reading: `signs_in`, `signs_nobody_in`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.sandbox.clock import Ids
from gateway.sandbox.identity import assertion, deviations, encryption, names, xml_signature
from gateway.sandbox.identity.accounts import OrganisationAccount, PersonAccount, organisations, persons
from gateway.sandbox.identity.assertion import Statement
from gateway.sandbox.identity.attributes import AttributesMissing, of_organisation, of_person
from gateway.sandbox.identity.authn_request import AskedLogin
from gateway.sandbox.identity.keyring import SigningPair

Account = PersonAccount | OrganisationAccount
_MISSING: Final = "IDP_REQUIRED_ATTRIBUTES_MISSING"
FAILURES: Final[Mapping[str, tuple[str, str | None, str]]] = {
    "cancel": (names.REQUESTER, names.AUTHN_FAILED, ""),
    "failed": (names.REQUESTER, names.NO_AUTHN_CONTEXT, "An error has occurred."),
    "unavailable": (names.RESPONDER, None, "An error has occurred."),
    "passive": (names.RESPONDER, names.NO_PASSIVE, "An error has occurred."),
}
"""Why nobody is signed in: both status values, and the message. What it says of a cancel is the profile's."""
CHOSEN: Final = ("cancel", "failed", "unavailable")
"""Those that a button or an order causes."""


@dataclass(frozen=True, slots=True)
class Answering:
    """What an answer is made with: who answers, when, to which browser, how it deviates."""

    entity_id: str
    pair: SigningPair
    stranger: SigningPair
    ids: Ids
    now: datetime
    address: str
    deviating: Mapping[str, Any]

    def message_id(self) -> str:
        """A new ID."""
        return f"_{self.ids.uuid().replace('-', '')}"


def signs_in(asked: AskedLogin, account: Account, level: int, answering: Answering) -> tuple[str, str]:
    """The outcome in a word and the response as XML text; also where the account cannot be signed in so."""
    if isinstance(account, PersonAccount):
        method = account.method(level, asked.extension.methods)
        reached = method is not None
    else:
        method, reached = "Elster", level in account.levels
    if not reached or method is None or level < asked.level:
        return "failed", signs_nobody_in(asked, "failed", answering)
    told_level = asked.level - 1 if "level_too_low" in answering.deviating else level
    try:
        statement = _statement(asked, account, told_level, method, answering)
    except AttributesMissing as error:
        return "attributes_missing", _denied(asked, error, answering)
    return "signed_in", _response(asked, statement, answering)


def signs_nobody_in(asked: AskedLogin, why: str, answering: Answering) -> str:
    """The response for one of `FAILURES`; not signed, as BundID does it."""
    top, second, message = FAILURES[why]
    status = assertion.failure(top, second, message or asked.profile.cancelled)
    return _around(asked, "", answering, status)


def _denied(asked: AskedLogin, error: AttributesMissing, answering: Answering) -> str:
    detail = None
    if asked.extension.status_detail:
        errors = [
            {
                "code": _MISSING,
                "message": f"Attribute {name} is required but not available in Nutzerkonto. Abort authentication.",
            }
            for name in error.missing
        ]
        detail = json.dumps({"version": "1.0", "errors": errors}, separators=(",", ":"))
    status = assertion.failure(names.REQUESTER, names.REQUEST_DENIED, "security-msg", detail)
    return _around(asked, "", answering, status)


def _statement(asked: AskedLogin, account: Account, level: int, method: str, answering: Answering) -> Statement:
    deviating = answering.deviating
    if isinstance(account, PersonAccount):
        sent = of_person(account, asked, level=level, method=method, application_id=answering.ids.uuid())
        name_id = answering.ids.secret()
        context = f"{names.STORK}{level}" if level else names.PASSWORD_CLASS
    else:
        sent = of_organisation(account, level)
        name_id, context = account.user, names.X509_CLASS
    return Statement(
        id=answering.message_id(),
        issuer=answering.entity_id,
        at=answering.now - timedelta(hours=1) if "expired" in deviating else answering.now,
        name_id=name_id,
        name_id_format=asked.profile.name_id_format,
        audience=_or(deviating, "wrong_audience", "https://other.example", asked.provider.entity_id),
        provider=asked.provider.entity_id,
        recipient=_or(deviating, "wrong_recipient", "https://other.example/acs", asked.answer_to),
        in_response_to=None if "unsolicited" in deviating else asked.id,
        address=answering.address,
        session=answering.message_id(),
        context=context,
        attribute_format=asked.profile.attribute_format,
        attributes=sent,
    )


def _response(asked: AskedLogin, statement: Statement, answering: Answering) -> str:
    deviating = answering.deviating
    both = "response_signature" in deviating
    text = assertion.assertion(statement)
    if both or asked.profile.signs == "assertion":
        text = _signed(text, statement.id, answering)
    if "no_encryption" not in deviating:
        content, transport = deviations.algorithms(deviating)
        text = encryption.encrypted(
            text,
            asked.provider.encryption[0],
            recipient=assertion.escaped(asked.provider.entity_id),
            content=content,
            transport=transport,
            wrong_tag="wrong_tag" in deviating,
        )
    if "extra_assertion" in deviating:
        text = assertion.assertion(_of_another(asked, statement, answering)) + text
    return _around(asked, text, answering, signed=both or asked.profile.signs == "response")


def _around(
    asked: AskedLogin, content: str, answering: Answering, status: str | None = None, *, signed: bool = False
) -> str:
    message_id = answering.message_id()
    text = assertion.response(
        content,
        message_id=message_id,
        issuer=answering.entity_id,
        destination=asked.answer_to,
        in_response_to=None if "unsolicited" in answering.deviating else asked.id,
        at=answering.now,
        status=status,
    )
    return _signed(text, message_id, answering) if signed else text


def _signed(text: str, element_id: str, answering: Answering) -> str:
    deviating = answering.deviating
    return xml_signature.signed(
        text,
        element_id,
        answering.stranger if "wrong_key" in deviating else answering.pair,
        algorithm=names.PSS_SHA256 if "pss" in deviating else names.RSA_SHA256,
        spoilt="wrong_signature" in deviating,
    )


def _of_another(asked: AskedLogin, statement: Statement, answering: Answering) -> Statement:
    """A statement for another account of the same identity provider."""
    accounts: list[Account] = [*(persons() if asked.profile.extension else organisations()).values()]
    others = [
        _statement(asked, account, 4 if isinstance(account, PersonAccount) else account.levels[-1], "eID", answering)
        for account in accounts[:2]
    ]
    return next((other for other in others if list(other.attributes) != list(statement.attributes)), others[0])


def _or(deviating: Mapping[str, Any], kind: str, usual: str, right: str) -> str:
    """What is right, or where the fault is ordered its value, or a usual one."""
    if kind not in deviating:
        return right
    return str(deviating[kind] or usual)
