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
    r"https://([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?(/[A-Za-z0-9._~/-]*)?"
)
"""Our entityID: https, a host name in lower case (no IP), neither port nor query (BundID interface 10.2 §7.2)."""
PUBLIC_URL: Final = re.compile(r"https?://[^\s?#@/]+(/[^\s?#]*)?")
"""Host, port and maybe a path: references are made by adding to it, so neither query nor fragment (RFC 8414 §2)."""
ADDRESS: Final = re.compile(r"https?://[^\s#]+")
"""An address that we ask."""
BASIC_USER: Final = re.compile(r"[\x20-\x39\x3b-\x7e]{1,255}")
"""A client id that is shown by HTTP Basic, where a colon ends it (RFC 6749 A.1, RFC 7617 §2)."""
WEB_PAGE: Final = re.compile(r"https://[^\s@/?#\\\"<>]+([/?#][^\s\\\"<>]*)?")
"""A page that people are led to by a link: https, without a user."""
BMI_ID: Final = re.compile(r"BMI-[A-Za-z0-9]{1,40}")
"""An online service, as BundID names it."""
LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""Half a character, which JSON can write and UTF-8 cannot."""
PROVIDER_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
"""An identity provider, by a name of ours."""
