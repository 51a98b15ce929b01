"""An identity provider of our own: shaped as BundID and, at a second entity id, as Mein Unternehmenskonto.

Knows: requests by POST and redirect, the rules that BundID holds them and metadata to, accounts that are made up,
answers signed and encrypted, refusals and cancels, faults on demand. Never does: import what reads its answers; it
writes its XML by code of its own, so that it can contradict us. For tests and demonstrations only: its accounts have no
password, and its private keys lie readable in its directory.
Standard: SAML 2.0 core, bindings and metadata; BundID interface 10.2 (attributes, levels, akdb extension); NEZO.
Start reading: `server.serve`, then `sso`, then `authn_request` and `answer`.

Decisions where the reference is silent:
- An attribute's trust level never passes the level of the login; only what was asked for is sent.
- A level that the account cannot reach is answered with `NoAuthnContext`.
- A request is answered once; its ID is refused when it comes again, as Shibboleth does.
- Answers of Mein Unternehmenskonto name no level but in its attributes; the class reference says X.509.
- Codes of refusals beyond BundID's nine are ours (`refusals.OURS`).
"""
