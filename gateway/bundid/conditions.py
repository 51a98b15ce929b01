"""Whether a verified assertion is for us, for this request and for now.

Knows: confirmation of the subject, conditions, the time of the login. Never does: verify, read a clock, look at the
address of the browser (it changes while a person moves between networks).
Standards: SAML 2.0 core §2.4.1, §2.5, §2.7.2, profiles §4.1.4.3. Start reading: `check_conditions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lxml import etree

from gateway.bundid import names, refusal, saml_xml
from gateway.bundid.refusal import refused
from gateway.bundid.saml_xml import SAML

_UNDERSTOOD: Final = frozenset({SAML + "AudienceRestriction", SAML + "OneTimeUse", SAML + "ProxyRestriction"})


@dataclass(frozen=True, slots=True)
class Audience:
    """Us, where the answer is due, and what it answers."""

    entity_id: str
    acs_url: str
    request_id: str


@dataclass(frozen=True, slots=True)
class JudgingTime:
    """The time of judging and how far clocks may differ."""

    now: datetime
    skew: timedelta

    def has_come(self, at: datetime) -> bool:
        """Whether the time is reached, on the most generous clock."""
        return at <= self.now + self.skew

    def is_before(self, end: datetime) -> bool:
        """Whether the end (exclusive) is still ahead, on the most generous clock."""
        return self.now - self.skew < end


def confirmed_until(subject: etree._Element, audience: Audience, time: JudgingTime) -> datetime:
    """Until when the subject is confirmed by a bearer confirmation that holds for us; of several the last end."""
    methods = subject.findall(SAML + "SubjectConfirmation")
    bearers = [method for method in methods if method.get("Method") == names.BEARER]
    refusal.require(bearers, "confirmation_method")
    ends = [end for bearer in bearers if (end := _bearer_until(bearer, audience, time)) is not None]
    refusal.require(ends, "confirmation")
    return max(ends)


def _bearer_until(bearer: etree._Element, audience: Audience, time: JudgingTime) -> datetime | None:
    data = bearer.find(SAML + "SubjectConfirmationData")
    if data is None or data.get("NotOnOrAfter") is None or data.get("NotBefore") is not None:
        return None
    end = saml_xml.instant(data.get("NotOnOrAfter"))
    ours = data.get("Recipient") == audience.acs_url and data.get("InResponseTo") == audience.request_id
    return end if ours and time.is_before(end) else None


def check_conditions(assertion: etree._Element, audience: Audience, time: JudgingTime) -> tuple[datetime | None, bool]:
    """Hold the assertion to its conditions; give its end, where it names one, and whether it is for one use."""
    conditions = assertion.find(SAML + "Conditions")
    if conditions is None:
        raise refused("conditions")
    tags = [condition.tag for condition in conditions]
    refusal.require(set(tags) <= _UNDERSTOOD, "conditions")
    once = (SAML + "OneTimeUse", SAML + "ProxyRestriction")
    refusal.require(all(tags.count(tag) <= 1 for tag in once), "conditions")
    end = conditions.get("NotOnOrAfter")
    if (start := conditions.get("NotBefore")) is not None:
        refusal.require(time.has_come(saml_xml.instant(start)), "not_yet_valid")
    if end is not None:
        refusal.require(time.is_before(saml_xml.instant(end)), "expired")
    _check_audience(conditions, audience)
    _check_proxy(conditions, audience)
    return saml_xml.instant(end) if end is not None else None, tags.count(SAML + "OneTimeUse") == 1


def _check_audience(conditions: etree._Element, audience: Audience) -> None:
    """Every restriction names us and nobody else: an assertion for several could be carried from one to another."""
    restrictions = conditions.findall(SAML + "AudienceRestriction")
    refusal.require(restrictions, "audience")
    for restriction in restrictions:
        named = _audiences(restriction)
        refusal.require(named == {audience.entity_id}, "audience")


def _audiences(restriction: etree._Element) -> set[str]:
    """The addresses that it names; white space around one is none of it (`xs:anyURI`)."""
    return {saml_xml.text(element).strip() for element in restriction}


def _check_proxy(conditions: etree._Element, audience: Audience) -> None:
    """We sign in elsewhere with what the assertion says, so it has to permit that (§2.5.1.6)."""
    for restriction in conditions.findall(SAML + "ProxyRestriction"):
        refusal.require(restriction.get("Count", "1").strip().lstrip("+-0"), "proxy")
        named = _audiences(restriction)
        refusal.require(not named or audience.entity_id in named, "proxy")


def check_session(statement: etree._Element, requested_at: datetime, time: JudgingTime) -> datetime:
    """When the person authenticated: after our request, which always asks for a fresh login."""
    authenticated = saml_xml.instant(statement.get("AuthnInstant"))
    refusal.require(requested_at - time.skew <= authenticated and time.has_come(authenticated), "authn_instant")
    if (end := statement.get("SessionNotOnOrAfter")) is not None:
        refusal.require(time.is_before(saml_xml.instant(end)), "session_over")
    return authenticated
