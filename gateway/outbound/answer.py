"""What came back over the wire, as a value.

Knows: status, headers, body. Never does: I/O, judging. Standard: RFC 9110. Start reading: `Answer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `headers` have lower-case names; `host` is the host that was asked, for messages.

    `certificate_ends` is said where the client's policy asks for it and the answer came by TLS.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    host: str
    certificate_ends: datetime | None = None
