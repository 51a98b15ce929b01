"""The portal's record: checked, normalised, described.

Knows: rules, patterns, sentences of findings. Never does: documents.
Standard: architecture §2. Start reading: the modules, by name.
"""
