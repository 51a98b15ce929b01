"""Who a portal's server is: by secret, by assertion, by certificate, or as an app without either.

Knows: each way, and which a client may use. Never does: the grants, say which of its checks failed.
Standards: RFC 6749 §2.3, RFC 7523, RFC 8705 §2, OpenID Connect Core §9. Start reading: `ClientAuthentication.by`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from gateway.login import assertions, certificates
from gateway.login.clients import Registration, Registry
from gateway.login.token_request import TokenRequest
from gateway.ports.clock import Clock

BASIC: Final = "client_secret_basic"
POST: Final = "client_secret_post"
ASSERTION: Final = "private_key_jwt"
PUBLIC: Final = "none"
STANDING: Final = (BASIC, ASSERTION, *certificates.METHODS)
"""What a client without a method of its own may use, as far as it has the credentials."""
METHODS: Final = (*STANDING, POST, PUBLIC)
ASSERTION_ALGS: Final = ("EdDSA", "Ed25519", "ES256", "PS512", "PS256", "RS256")


class ClientAuthentication:
    """Authenticates clients; `used` remembers assertions, `judge` judges certificates."""

    def __init__(
        self, registry: Registry, clock: Clock, used: assertions.Used, judge: certificates.Certificates
    ) -> None:
        self._registry = registry
        self._clock = clock
        self._assertions = assertions.Assertions(registry)
        self._used = used
        self._judge = judge
        self._ways: Mapping[str, Callable[[TokenRequest], Registration | None]] = {
            BASIC: self._by_basic,
            POST: self._by_post,
            ASSERTION: self._by_assertion,
            PUBLIC: self._public,
            **{method: partial(self._by_certificate, method=method) for method in certificates.METHODS},
        }

    @property
    def methods(self) -> list[str]:
        """The methods that clients of today use."""
        own = {registered.token_auth_method for registered in self._registry}
        own |= {PUBLIC for registered in self._registry if registered.public}
        bound = self._registry.with_certificates
        return [m for m in METHODS if m in own or (m in STANDING and (bound or m not in certificates.METHODS))]

    def by(self, request: TokenRequest, method: str) -> Registration | None:
        """The client that the request authenticates by this method; None for any fault alike."""
        registered = self._ways[method](request)
        return registered if registered is not None and _may_use(registered, method) else None

    async def first(self, request: TokenRequest) -> bool:
        """Whether the assertion of an authenticated request, if it has one, was never used before; uses it up."""
        proof = request.proof
        if proof is None:
            return True
        at = self._clock.now().timestamp()
        return await self._used.first(proof.registered.client.id, proof.jti, proof.until, at)

    def _by_basic(self, request: TokenRequest) -> Registration | None:
        for client_id, secret in request.basic():
            if request.form.get("client_id", client_id) != client_id:
                continue
            if (registered := self._registry.by_secret(client_id, secret)) is not None:
                return registered
        return None

    def _by_post(self, request: TokenRequest) -> Registration | None:
        secret = request.form.get("client_secret")
        return None if secret is None else self._registry.by_secret(request.form.get("client_id", ""), secret)

    def _by_assertion(self, request: TokenRequest) -> Registration | None:
        issuer, form = request.issuer, request.form
        audiences = {issuer.url, issuer.token_endpoint, issuer.push_endpoint}
        proof = self._assertions.proof_of(form.get("client_assertion", ""), audiences, self._clock.now())
        if proof is None or form.get("client_id", proof.registered.client.id) != proof.registered.client.id:
            return None
        if _may_use(proof.registered, ASSERTION):
            request.proof = proof
        return proof.registered

    def _by_certificate(self, request: TokenRequest, method: str) -> Registration | None:
        """RFC 8705 §2: the form names the client, the certificate proves it; nothing else may be offered beside."""
        registered = self._registry.get(request.form.get("client_id", ""))
        if registered is None or registered.certificates is None or request.presented is None or _offers_more(request):
            return None
        if not self._judge.proves(request.presented, registered.certificates, method, self._clock.now()):
            return None
        request.thumbprint = request.presented.thumbprint
        return registered

    def _public(self, request: TokenRequest) -> Registration | None:
        registered = self._registry.get(request.form.get("client_id", ""))
        return registered if registered is not None and registered.public and not _offers_more(request) else None


def _may_use(registered: Registration, method: str) -> bool:
    if registered.public or method == PUBLIC:
        return registered.public and method == PUBLIC
    own = registered.token_auth_method
    return method in STANDING if own is None else method == own


def _offers_more(request: TokenRequest) -> bool:
    return request.authorization is not None or bool({"client_assertion", "client_secret"} & request.form.keys())
