"""Keys on disk and outside: what the gateway and its municipalities sign with.

Knows: key files, certificate chains, external signers. Never does: sign, judge signatures, SQL.
Standard: architecture §2. Start reading: the modules, by name.
"""
