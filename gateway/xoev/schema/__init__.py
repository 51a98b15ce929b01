"""XML Schema: sets of files compiled offline, asked as validator and as tree.

Knows: libxml2, the second judge. Never does: standards.
Standard: architecture §2. Start reading: the modules, by name.
"""
