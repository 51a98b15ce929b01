"""When nothing new is taken: disk, memory and the line of waiting submissions, watched and judged.

Knows: limits and figures of machine and database. Never does: refuse (the doors do).
Standard: architecture §2. Start reading: the modules, by name.
"""
