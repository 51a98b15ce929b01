"""What others wrote, read within bounds: regular files, foreign JSON.

Knows: sizes, depths, characters that cannot be stored. Never does: judge what was read.
Standard: architecture §2. Start reading: the modules, by name.
"""
