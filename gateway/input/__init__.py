"""Files and foreign JSON: what others wrote is read within bounds, what is ours is written whole.

Knows: sizes, depths, characters that cannot be stored. Never does: judge what was read.
Standard: architecture §2. Start reading: the modules, by name.
"""
