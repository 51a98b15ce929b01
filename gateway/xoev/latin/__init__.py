"""Texts that every authority can read.

Knows: DIN 91379. Never does: where a text stands.
Standard: architecture §2. Start reading: the modules, by name.
"""
