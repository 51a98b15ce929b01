"""Connections to PostgreSQL: addresses, pool, statements, silent peers.

Knows: asyncpg, libpq. Never does: tables, meaning.
Standard: architecture §2. Start reading: the modules, by name.
"""
