"""The only way out: HTTP clients with an address policy, and one exchange with its errors sorted.

Knows: proxy, certificate authorities, limits, which addresses may be reached, how failures of a wire are named.
Never does: follow redirects, keep cookies, read the environment, repeat a request, know any protocol above HTTP.
Standard: HTTP/1.1 (RFC 9110, 9112), IANA special-purpose address registries (RFC 6890).
Start reading: `client.exchange`, then `policy`; `httpx_transport` for libraries. aiohttp carries the bytes; no other
room names it.
"""
