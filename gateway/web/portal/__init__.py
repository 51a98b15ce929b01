"""The API for portals: submissions, uploads, feed, webhooks, quotas.

Knows: fixed interfaces §3 and §4. Never does: SQL, delivery.
Standard: architecture §2. Start reading: the modules, by name.
"""
