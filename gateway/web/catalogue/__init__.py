"""The OZG catalogue by HTTP, for anybody.

Knows: files of accepted exports. Never does: make them. Standard: RFC 9110 (validators).
Start reading: `xzufi.file`.
"""
