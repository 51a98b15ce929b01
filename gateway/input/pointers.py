"""Pointers that are made of names a caller chose.

Knows: how a name of any length and kind becomes one token of a pointer. Never does: keep what cannot be printed.
Standard: RFC 6901. Start reading: `token`.
"""

from __future__ import annotations

from typing import Final

_MOST: Final = 120


def token(name: str) -> str:
    """The name as a token: cut, what cannot be printed replaced, `~` and `/` escaped."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in name[:_MOST])
    return shown.replace("~", "~0").replace("/", "~1")
