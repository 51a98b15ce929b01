"""The HTTP endpoints: the API for portals, tokens, callbacks, health and metrics.

Knows: HTTP, the fixed interfaces §3 and §4, limits while reading. Never does: SQL, delivery, judging a record.
Standards: RFC 9110, RFC 9457 (problems), RFC 9530 (Repr-Digest), OpenAPI 3.1. Start reading: `app.create_app`.
"""
