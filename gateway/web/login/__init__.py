"""Logins of people: the addresses that browsers and portals ask, and the pages.

Knows: HTTP around `gateway/login`: forms, cookies, redirects, pages. Never does: judge a login.
Standards: OpenID Connect Core §3.1.2, SAML 2.0 bindings §3.5. Start reading: `routes.routes`.
"""
