"""What one connection may cost before anybody is known, and what a head must say.

Knows: sizes, times, RFC 9112 §2.3 (version), §3.2 (Host), §6.1 (Transfer-Encoding). Never does: I/O.
Start reading: `WireLimits`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.errors import (
    GatewayError,
    HeadTooLarge,
    HostInvalid,
    HttpVersionUnknown,
    NotHttp,
    RequestLineTooLong,
    TransferCodingUnknown,
)

_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")


@dataclass(frozen=True, slots=True)
class WireLimits:
    """Sizes in bytes, times in seconds.

    Request: `line_bytes` bound its target, `field_bytes` one header field, `head_bytes` and `fields` all of them;
    the same for trailers. `chunk_bytes` is what chunk extensions and trailers may add to the data of a body.
    `pipelined` requests may wait behind one that is being answered.

    Times: `head_s` from the first byte of a head (or the connection) to its end. A body must bring `body_bytes` in
    every `body_s`, however long it takes as a whole. `drain_s` and `drain_bytes` bound what is read after an answer
    or a refusal, `write_s` how long a caller may leave an answer unread, `idle_s` the rest between two requests,
    `linger_s` how long a refused connection stays open so that the caller can read why.

    Of more than `connections` open at once, those that have let us wait longest are closed, if it is a second at least;
    more than `connections_most` there never are.
    """

    line_bytes: int = 8_192
    field_bytes: int = 16_384
    head_bytes: int = 32_768
    fields: int = 100
    chunk_bytes: int = 16_384
    pipelined: int = 16
    head_s: float = 10.0
    body_s: float = 30.0
    body_bytes: int = 1_000
    drain_s: float = 120.0
    drain_bytes: int = 64_000_000
    write_s: float = 60.0
    idle_s: float = 5.0
    linger_s: float = 2.0
    connections: int = 1_000
    connections_most: int = 4_000

    @property
    def shortest_s(self) -> float:
        """The shortest of the times: nothing that begins now is due earlier."""
        return min(self.head_s, self.body_s, self.drain_s, self.write_s, self.idle_s, self.linger_s)

    def line_too_long(self) -> GatewayError:
        """The refusal of a request line."""
        return RequestLineTooLong(limit=self.line_bytes)

    def head_too_large(self) -> GatewayError:
        """The refusal of header fields or trailers."""
        return HeadTooLarge(fields=self.fields, field=self.field_bytes, limit=self.head_bytes)


def head_fault(version: str, headers: Sequence[tuple[bytes, bytes]]) -> GatewayError | None:
    """What is wrong with a head whose syntax is right; `headers` in lower case."""
    if version not in {"1.1", "1.0"}:
        return HttpVersionUnknown()
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or (not hosts and version == "1.1") or not all(_HOST.fullmatch(host) for host in hosts):
        return HostInvalid()
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    if codings and version == "1.0":
        return NotHttp()  # RFC 9112 §6.1: its framing cannot be trusted
    if codings and [coding.strip().lower() for coding in codings] != [b"chunked"]:
        return TransferCodingUnknown()
    return None


def syntax_fault(message: str) -> GatewayError:
    """What the parser's own refusal means; it knows some versions and codings before the head is whole."""
    if "HTTP version" in message or "PRI/Upgrade" in message:
        return HttpVersionUnknown()
    if "Transfer-Encoding" in message and "Content-Length" not in message:
        return TransferCodingUnknown()
    return NotHttp()
