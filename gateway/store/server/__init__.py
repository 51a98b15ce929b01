"""The PostgreSQL server itself: the embedded one, and backups of any.

Knows: processes, data directory, binary COPY. Never does: rows and their meaning.
Standard: architecture §2. Start reading: the modules, by name.
"""
