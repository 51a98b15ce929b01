"""The portal's side of logging in: which clients there are, and the tokens they get.

Knows: the registry of portals, client authentication, the token endpoint, discovery, the published keys.
Never does: HTTP (the door is `gateway/web`), SQL, a citizen's login.
Standards: RFC 6749 §4.4, RFC 7523 (private_key_jwt), RFC 9068 (at+jwt), RFC 8414 and OpenID Connect Discovery 1.0.
Start reading: `provider.Provider`.
"""
