"""The account's side of a login: SAML 2.0 towards BundID, Mein Unternehmenskonto and identity providers like them.

Knows: requests, answers, metadata, attributes and the profiles of identity providers. Never does: I/O, clocks,
randomness, OpenID Connect. Standards: SAML 2.0, XML Signature 1.1, XML Encryption 1.1. Start reading: `provider.py`.
"""
