"""Code lists, and the codes of a document looked up in them.

Knows: identity, version and day. Never does: fetch lists.
Standard: architecture §2. Start reading: the modules, by name.
"""
