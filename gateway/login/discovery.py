"""The metadata of an issuer: what it offers, as a portal's library reads it to configure itself.

Knows: every member of the document; what logins add to it. Never does: offer what nobody could use.
Standards: RFC 8414 §2, OpenID Connect Discovery 1.0 §3, RFC 9126 §5, RFC 9207 §3, OpenID Connect for Identity
Assurance 1.0 §8. Start reading: `document`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.login import claims, levels
from gateway.login.client_authentication import ASSERTION_ALGS
from gateway.login.tokens import Issuer
from gateway.model import ALL_SCOPES


def document(issuer: Issuer, methods: Sequence[str], *, bound: bool) -> dict[str, Any]:
    """What portals' own tokens need; `bound`: some client may come with a certificate."""
    return {
        "issuer": issuer.url,
        "token_endpoint": issuer.token_endpoint,
        "jwks_uri": f"{issuer.url}/oidc/jwks.json",
        "scopes_supported": list(ALL_SCOPES),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": list(methods),
        "tls_client_certificate_bound_access_tokens": bound,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGS),
    }


def with_logins(basic: dict[str, Any], algorithms: Sequence[str], *, backchannel: bool) -> dict[str, Any]:
    """The document of an issuer at which people log in; `backchannel`: some client is told of sign-outs."""
    issuer = basic["issuer"]
    return basic | {
        "authorization_endpoint": f"{issuer}/oidc/authorize",
        "userinfo_endpoint": f"{issuer}/oidc/userinfo",
        "end_session_endpoint": f"{issuer}/oidc/logout",
        "pushed_authorization_request_endpoint": f"{issuer}/oidc/par",
        "require_pushed_authorization_requests": False,
        "scopes_supported": [*claims.SCOPES, *ALL_SCOPES],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "client_credentials"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": list(algorithms),
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": levels.acr_values(issuer),
        "claim_types_supported": ["normal"],
        "claims_supported": claims.supported(issuer),
        "claims_parameter_supported": True,
        "verified_claims_supported": True,
        "trust_frameworks_supported": [claims.TRUST_FRAMEWORK],
        "claims_in_verified_claims_supported": claims.verifiable(issuer),
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["de", "en"],
        "backchannel_logout_supported": backchannel,
        "backchannel_logout_session_supported": backchannel,
    }
