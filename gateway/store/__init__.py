"""Everything durable: PostgreSQL with tables, blobs, submissions, jobs, evidence and the change feed.

Knows: rows, transactions, encryption at rest, the embedded server. Never does: decide what follows (`journey`), call
outside, speak HTTP. Standard: architecture §3-5. Start reading: `postgres.py` (also `memory`), `rows/tables`.
"""
