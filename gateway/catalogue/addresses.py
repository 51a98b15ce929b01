"""Which addresses may stand in a catalogue that everybody reads: https, public, without a secret.

Knows: what an address literal or a name tells by itself. Never does: resolve names (who asks the page does).
Standard: RFC 3986; WHATWG URL (hosts that end in a number); RFC 6761, 6762, 8375 (names of private networks).
Start reading: `PublicAddresses.refusal`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from gateway.outbound.policy import LOOPBACK, Address, AddressPolicy, parse

Refusal = Literal["entry_address", "entry_address_scheme", "entry_address_login", "entry_address_private"]
_MOST: Final = 2_000
_PLAIN: Final = re.compile(r"[!-~]+")
_NAME: Final = re.compile(r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9-]*[A-Za-z0-9]\.?")
"""A host name as DNS has it. Browsers resolve `%31` in one, and read another host than is written."""
_ENDS_IN_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9a-fA-F]*)\.?")
_PRIVATE_ENDS: Final = (
    ".localhost", ".localdomain", ".local", ".internal", ".lan", ".home", ".home.arpa", ".intranet", ".private",
    ".corp", ".fritz.box",
)  # fmt: skip
_LOCALHOST: Final = "localhost"


@dataclass(frozen=True, slots=True)
class PublicAddresses:
    """The rule of one gateway: `policy` as its way out has it; in `test` mode loopback may be named without TLS."""

    policy: AddressPolicy
    test: bool = False

    def refusal(self, address: str) -> Refusal | None:
        """Why the address may not stand in the catalogue; None where it may."""
        parts = _split(address)
        host = (parts.hostname or "") if parts else ""
        literal = parse("127.0.0.1" if host.rstrip(".") == _LOCALHOST else host)
        if parts is None or (parts.scheme in {"https", "http"} and not host):
            return "entry_address"
        if parts.scheme != "https" and not (parts.scheme == "http" and self.test and _is_loopback(literal)):
            return "entry_address_scheme"
        if "@" in parts.netloc:
            return "entry_address_login"
        named = "[" not in parts.netloc and _NAME.fullmatch(host) and not _ENDS_IN_NUMBER.fullmatch(host)
        if literal is None and not named:
            return "entry_address"
        private = self._is_private(host.rstrip(".")) if literal is None else self.policy.refuses(host, literal)
        return "entry_address_private" if private else None

    def _is_private(self, host: str) -> bool:
        named = "." not in host or f".{host}".endswith(_PRIVATE_ENDS)
        return named and host.lower() not in self.policy.hosts


def _is_loopback(literal: Address | None) -> bool:
    return literal is not None and any(literal in net for net in LOOPBACK if net.version == literal.version)


def _split(address: str) -> SplitResult | None:
    if len(address) > _MOST or not _PLAIN.fullmatch(address) or "\\" in address:
        return None
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts
