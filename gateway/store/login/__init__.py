"""Logins in PostgreSQL: under way, finished, and the codes, tokens and sessions that came of them.

Knows: the port `LoginStore`. Never does: judge an answer or a request. Standard: `gateway/ports/login.py`.
Start reading: `StoredLogins`.
"""
