"""Binding: the login that an application names, and whether it is the one that the service needs.

Knows: for whom a login counts, which level and kind of account a service asks for. Never does: use it up (the store
does, with the application); HTTP, SQL. Standard: fixed interfaces §3, BSI TR-03160-1. Start reading: `Binding.of`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from gateway.errors import AccountNotAllowed, AssuranceTooLow, BadInput, LoginUnusable
from gateway.input.patterns import SECRET
from gateway.model import Client, Finding, Identity, Level, Municipality, instant
from gateway.ports.login import Login, LoginStore
from gateway.ports.store import EvidenceEntry, Store, TakenLogin
from gateway.services.service import Service

PLACE: Final = "/login"
_NEEDED: Final = {"none": None, "basic": Level.BASIC, "substantial": Level.SUBSTANTIAL, "high": Level.HIGH}
_SAID: Final = {
    Level.BASIC: ("der Basisregistrierung", "basic registration"),
    Level.SUBSTANTIAL: ("dem Vertrauensniveau „substanziell“", 'level of assurance "substantial"'),
    Level.HIGH: ("dem Vertrauensniveau „hoch“", 'level of assurance "high"'),
}
_ACCOUNTS: Final = {
    "person": ("Bürgerkonten", "citizens' accounts"),
    "organisation": ("Organisationskonten", "organisations' accounts"),
}


@dataclass(frozen=True, slots=True)
class LoginRefusal:
    """Why a login does not do: which error says so, and what fills its sentence."""

    error: type[BadInput]
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def finding(self) -> Finding:
        """The error's own sentence, at the login."""
        error = self.raised(())
        return Finding(PLACE, error.code, error.sentence("de"), error.sentence("en"))

    def raised(self, findings: tuple[Finding, ...]) -> BadInput:
        """The error with everything that is to be told."""
        return self.error(findings=findings, retry_after=None, **self.params)


@dataclass(frozen=True, slots=True)
class Bound:
    """The login that goes with an application (None: none), and everything that refuses it."""

    taken: TakenLogin | None = None
    refusals: tuple[LoginRefusal, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong, as findings."""
        return tuple(refusal.finding for refusal in self.refusals)

    @property
    def evidence(self) -> tuple[EvidenceEntry, ...]:
        """What evidence keeps of the login: where, how surely and when; not who."""
        if self.taken is None:
            return ()
        who = self.taken.identity
        body = {
            "provider": who.provider,
            "issuer": who.issuer,
            "level": who.level.name.lower(),
            "at": instant(who.authenticated_at),
        }
        return (EvidenceEntry("login", body),)


NOTHING: Final = Bound()
UNUSABLE: Final = Bound(refusals=(LoginRefusal(LoginUnusable),))
"""Said alike of a login that does not exist and of one that somebody else, another time or application has."""


@dataclass(frozen=True, slots=True)
class Binding:
    """Asks for logins. Nothing is asked for an application that names none, unless it corrects another."""

    logins: LoginStore
    identities: Store

    async def of(  # noqa: PLR0913 - who hands off what, with which login, when
        self,
        client: Client,
        login_ref: str | None,
        service: Service,
        municipality: Municipality,
        *,
        now: datetime,
        corrected: UUID | None = None,
    ) -> Bound:
        """The login of an application, judged. A correction (of `corrected`) that names none keeps its original's."""
        before = await self.identities.identity_of(corrected) if corrected else None
        if login_ref is None:
            return judged(TakenLogin(None, before) if before else None, service, municipality)
        if not SECRET.fullmatch(login_ref):
            return UNUSABLE
        login = await self.logins.by_reference(hashlib.sha256(login_ref.encode()).digest())
        if login is None or not usable(login, client, municipality, now):
            return UNUSABLE
        assert login.identity is not None
        if before is not None and not same_account(before, login.identity):
            return UNUSABLE
        return judged(TakenLogin(login.id, login.identity), service, municipality)


def unbound(login_ref: str | None, service: Service, municipality: Municipality) -> Bound:
    """The same where nobody can log in here."""
    return UNUSABLE if login_ref is not None else judged(None, service, municipality)


def usable(login: Login, client: Client, municipality: Municipality, now: datetime) -> bool:
    """Whether this client may hand off one more application with the login, to this municipality, now."""
    return (
        login.owner == client.id
        and login.municipality == municipality.ars
        and login.issuer == municipality.public_url
        and now < login.expires_at
        and login.submission is None
        and login.identity is not None
    )


def same_account(first: Identity, second: Identity) -> bool:
    """Whether both are one account of one identity provider; nothing tells two guests from each other."""
    return first.account is not None and (first.issuer, first.account) == (second.issuer, second.account)


def needed_level(service: Service) -> Level | None:
    """The least level of a login for the service; None: it needs none."""
    return _NEEDED[service.assurance]


def judged(taken: TakenLogin | None, service: Service, municipality: Municipality) -> Bound:
    """Whether that is the login that the service needs."""
    refusals: list[LoginRefusal] = []
    needed = needed_level(service)
    if needed is not None and (taken is None or taken.identity.level < needed):
        refusals.append(_too_low(needed, municipality))
    if taken is not None and service.accounts and _kind(taken.identity) not in service.accounts:
        refusals.append(_not_allowed(service))
    return Bound(None if refusals else taken, tuple(refusals)) if taken or refusals else NOTHING


def _kind(identity: Identity) -> str:
    return "person" if identity.organisation is None else "organisation"


def _too_low(needed: Level, municipality: Municipality) -> LoginRefusal:
    level_de, level = _SAID[needed]
    return LoginRefusal(
        AssuranceTooLow, {"level_de": level_de, "level": level, "acr": needed.acr(municipality.public_url)}
    )


def _not_allowed(service: Service) -> LoginRefusal:
    names = [_ACCOUNTS[kind] for kind in service.accounts]
    params = {"accounts_de": " und ".join(de for de, _ in names), "accounts": " and ".join(en for _, en in names)}
    return LoginRefusal(AccountNotAllowed, params)
