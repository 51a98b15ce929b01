"""Keys for data at rest: master keys over municipality keys over data keys.

Knows: wrapping, rotation, encrypted columns. Never does: keys on disk.
Standard: architecture §2. Start reading: the modules, by name.
"""
