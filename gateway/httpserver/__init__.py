"""Our HTTP servers: uvicorn, with limits that hold before anybody is known.

Knows: HTTP/1.1 on a connection, its sizes and its times. Never does: answer an address; judge who calls.
Standards: RFC 9110, RFC 9112. Start reading: `limits.WireLimits`, then `protocol.BoundedProtocol`.
"""
