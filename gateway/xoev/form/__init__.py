"""Documents of forms: filled, written, described.

Knows: groups and fields of a form schema. Never does: messages of standards.
Standard: architecture §2. Start reading: the modules, by name.
"""
