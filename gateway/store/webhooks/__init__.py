"""Webhooks as rows: subscriptions and the messages that wait.

Knows: claims, leases. Never does: send.
Standard: architecture §2. Start reading: the modules, by name.
"""
