"""Webhooks as rows: subscriptions and their outbox.

Knows: claims, leases. Never does: send.
Standard: architecture §2. Start reading: the modules, by name.
"""
