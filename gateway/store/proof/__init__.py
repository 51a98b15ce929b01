"""Evidence as rows: chains, signed roots, export, checks.

Knows: order and columns. Never does: hash, choose whom to trust.
Standard: architecture §2. Start reading: the modules, by name.
"""
