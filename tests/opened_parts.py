"""A sealed part opened in one call; the gateway itself opens piece by piece."""

from __future__ import annotations

import io

from gateway.crypto.jwe import KeyFor, Opened, Opener


def open_part(jwe: bytes, key_for: KeyFor, *, max_plain: int = 64 << 20) -> tuple[bytes, Opened]:
    spool = io.BytesIO()
    opener = Opener(key_for, spool, max_plain=max_plain)
    opener.feed(jwe)
    opened = opener.finish()
    return spool.getvalue(), opened
