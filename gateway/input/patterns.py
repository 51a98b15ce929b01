"""How names look that stand in files, bodies and addresses alike.

Knows: the form of each, without anchors. Never does: say what is wrong. Standard: fixed interfaces §2 and §3.
Start reading: `REFERENCE`.
"""

from __future__ import annotations

import re
from typing import Final

REFERENCE: Final = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
"""A portal's own name of an application."""
ARS: Final = re.compile(r"[0-9]{12}")
"""A municipality (Amtlicher Regionalschlüssel)."""
SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 bytes, random ones or a digest, in base64url."""
SHA256: Final = re.compile(r"[0-9a-f]{64}")
ENTITY_ID: Final = re.compile(
    r"https://[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(/[A-Za-z0-9._~/-]*)?"
)
"""Our entityID: https, a host name in lower case, neither port nor query (BundID interface 10.2 §7.2)."""
