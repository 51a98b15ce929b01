"""The description of the API for portals.

Knows: OpenAPI 3.1, JSON Schema 2020-12. Never does: check a request by it.
Standard: architecture §2. Start reading: the modules, by name.
"""
