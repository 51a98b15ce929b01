"""Erasing: periods, the list of what was erased, what nobody needs any more.

Knows: the order: keys first, then bytes. Never does: decide how long.
Standard: architecture §2. Start reading: the modules, by name.
"""
