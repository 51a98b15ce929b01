"""One SAML identity provider of one municipality, as the login sees it (port `IdentityProvider`).

Knows: how request, answer, attributes and metadata come together by a profile. Never does: I/O, read a clock, keep
anything. Standards: SAML 2.0 web browser SSO profile; BundID interface 10.2. Start reading: `SamlProvider`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.bundid import authn_request
from gateway.bundid.attributes import IdentityRefused, identity
from gateway.bundid.authn_request import AuthnRequest
from gateway.bundid.idp_metadata import Pinned
from gateway.bundid.keys import ProviderKeys
from gateway.bundid.metadata import service_provider_metadata
from gateway.bundid.profile import Profile
from gateway.errors import SigningKeyUnfit
from gateway.model import Level
from gateway.ports.identity import Authenticated, ExpectedAnswer, LoginRequest, ProviderStep, RefusalKind, Refused


@dataclass(frozen=True, slots=True)
class SamlProvider:
    """An identity provider. `entity_id` is ours towards it, `acs_url` where it answers.

    Without `pinned` its metadata are not known yet: it signs nobody in, but our metadata can be had, since identity
    providers give theirs for ours. `test_accounts`: whether those sign in.
    """

    name: str
    profile: Profile
    entity_id: str
    acs_url: str
    keys: ProviderKeys
    pinned: Pinned | None
    display_name: str
    organisation_name: str
    online_service_id: str
    switched_on: bool = True
    test_accounts: bool = field(default=False, kw_only=True)

    @property
    def enabled(self) -> bool:
        """Whether it signs anybody in now."""
        return self.switched_on and self.pinned is not None

    @property
    def audience(self) -> str:
        """Whose accounts it has: `person` or `organisation`."""
        return self.profile.audience

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels that may be asked of it, lowest first."""
        return self.profile.levels

    def begin(self, request: LoginRequest) -> ProviderStep:
        """The signed request, and how the browser brings it there. Raises `SigningKeyUnfit` where it is not enabled."""
        rules = self.profile.request
        addresses = self.pinned.metadata.addresses if self.pinned is not None and self.enabled else {}
        binding = next((binding for binding in rules.bindings if binding in addresses), None)
        if binding is None:
            raise SigningKeyUnfit(
                cause_de=f"Der Identitätsanbieter {self.name} ist abgeschaltet oder seine Metadaten fehlen.",
                cause_en=f"The identity provider {self.name} is switched off or its metadata are missing.",
            )
        asked = AuthnRequest(
            id=request.request_id,
            at=request.at,
            issuer=self.entity_id,
            destination=addresses[binding],
            acs_url=self.acs_url,
            context=self._context(request.level),
            display_name=self.organisation_name,
            online_service_id=self.online_service_id,
            language=request.language,
            back_url=request.back_url,
        )
        if binding == "post":
            fields = authn_request.form(asked, rules, self.keys.signing, request.relay_state)
            return ProviderStep(asked.destination, fields)
        return ProviderStep(authn_request.redirect(asked, rules, self.keys.signing, request.relay_state))

    def _context(self, level: Level) -> str:
        """The word for the least level that it can be asked for and that is enough; the highest where none is."""
        enough = next((offered for offered in self.levels if offered >= level), self.levels[-1])
        return self.profile.request.levels[enough]

    def judge(self, answer: bytes, expected: ExpectedAnswer) -> Authenticated | Refused:
        """What the answer says. Bounded in time and memory; never raises for what an answer holds."""
        from gateway.bundid import response  # noqa: PLC0415 - its schemas are read where the first answer comes

        if self.pinned is None or not self.enabled:
            return Refused(RefusalKind.FAILED, "provider_disabled")
        decryption = (self.keys.encryption, self.keys.next_encryption)
        rules = response.ResponseRules(
            idp_entity_id=self.pinned.metadata.entity_id,
            verification_keys=tuple(key.key for key in self.pinned.keys),
            decryption_keys=tuple(pair.key for pair in decryption if pair is not None),
            entity_id=self.entity_id,
            acs_url=self.acs_url,
            request_id=expected.request_id,
            requested_at=expected.at,
            now=expected.now,
            algorithms=self.profile.answer.algorithms,
            signature=self.profile.answer.signature,
            require_encryption=self.profile.answer.require_encryption,
            skew_s=self.profile.answer.skew_s,
            max_bytes=self.profile.answer.max_bytes,
            attributes=self.profile.attributes,
        )
        try:
            assertion = response.read(answer, rules)
            who = identity(self.name, assertion, self.profile)
        except (response.ResponseRefused, IdentityRefused) as refused:
            return Refused(refused.kind, refused.reason)
        if who.test_account and not self.test_accounts:
            return Refused(RefusalKind.FAILED, "test_account")
        if who.level < expected.level:
            return Refused(RefusalKind.LEVEL_TOO_LOW, "level_too_low")
        until = assertion.not_on_or_after + timedelta(seconds=self.profile.answer.skew_s)
        return Authenticated(who, answer_key(assertion.issuer, assertion.id), until)

    def metadata(self) -> bytes:
        """Our metadata for this identity provider, as it is uploaded there."""
        signed = self.profile.answer.signature == "assertion"
        return service_provider_metadata(self.entity_id, self.acs_url, self.keys, signed_assertions=signed)


def answer_key(issuer: str, assertion_id: str) -> bytes:
    """What an assertion is known by, so that it counts once."""
    return hashlib.sha256(f"{len(issuer)}:{issuer}{assertion_id}".encode()).digest()
