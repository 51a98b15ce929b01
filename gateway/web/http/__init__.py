"""HTTP around every address: bodies, problems, certificates, figures, headers.

Knows: ASGI, RFC 9457. Never does: what an address means.
Standard: architecture §2. Start reading: the modules, by name.
"""
