"""`gateway demo`: the whole way once, on loopback.

Knows: the sandbox, a portal and a site plan of its own. Never does: anything outside loopback.
Standard: architecture §2. Start reading: the modules, by name.
"""
