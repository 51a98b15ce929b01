"""What a municipality's pages show at head and foot: its logo, links to its legal notice and its privacy notice.

Knows: that a logo's address names what it is, so that browsers may keep it for good. Never does: read a file, judge
one, serve it (`static` does). Standard: RFC 8246. Start reading: `Appearance`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final, Self

ROUTE: Final = "/logo/{digest}.png"


@dataclass(frozen=True, slots=True)
class Logo:
    """A PNG image, its digest (shortened) and its size in pixels."""

    content: bytes = field(repr=False)
    digest: str
    width: int
    height: int

    @classmethod
    def of(cls, content: bytes, width: int, height: int) -> Self:
        """The logo of an image."""
        return cls(content, hashlib.sha256(content).hexdigest()[:16], width, height)

    @property
    def address(self) -> str:
        """Where it is to be had, below the public address."""
        return ROUTE.format(digest=self.digest)


@dataclass(frozen=True, slots=True)
class Appearance:
    """The logo, and pages of the municipality's own site, as far as it names them."""

    logo: Logo | None = None
    imprint_url: str | None = None
    privacy_url: str | None = None

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """The pages, each with the key of its name."""
        known = (("imprint", self.imprint_url), ("privacy", self.privacy_url))
        return tuple((name, address) for name, address in known if address is not None)


PLAIN: Final = Appearance()
"""Nothing but the name."""
