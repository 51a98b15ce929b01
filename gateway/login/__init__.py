"""Logging in at portals: our issuers, their clients, logins through identity providers, and the tokens of both.

Knows: the registry of portals, client authentication, the endpoints of OpenID Connect, sessions, claims, signing out.
Never does: HTTP (that is `gateway/web/login`), SQL, SAML (that is `gateway/bundid`).
Standards: OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749, RFC 7523 (private_key_jwt), RFC 9068 (at+jwt), RFC 8414.
Start reading: `provider.Provider` for tokens, `federation.Federation` for logins.
"""
