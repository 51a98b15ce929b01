"""A request with a body that offers another protocol: the offer is passed over, the body is still its body.

Knows: that llhttp takes everything behind such a head for the other protocol. Never does: change protocol.
Standard: RFC 9110 §7.8 (a server may ignore `Upgrade`). Start reading: `parser_in_body`.

Java's HTTP client offers HTTP/2 with its first request over plain HTTP, whatever the method. If what follows was read
as a further request, its body could be one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import httptools


def framing(headers: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    """The field that says how the body of a head ends; None where there is no body."""
    for name, value in headers:
        if name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0 \t")):
            return name + b": " + value
    return None


def parser_in_body(protocol: Any, field: bytes) -> httptools.HttpRequestParser:  # noqa: ANN401 - uvicorn's protocol
    """A parser for `protocol` that has read a head with `field`, and expects its body."""
    callbacks = _AfterHead(protocol)
    parser = httptools.HttpRequestParser(callbacks)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
    parser.feed_data(b"POST / HTTP/1.1\r\n" + field + b"\r\n\r\n")
    callbacks.passes_on = True
    return parser


class _AfterHead:
    """Passes callbacks on, once the head that nobody sent is through."""

    def __init__(self, protocol: Any) -> None:  # noqa: ANN401 - uvicorn's protocol
        self._protocol = protocol
        self.passes_on = False

    def __getattr__(self, name: str) -> Callable[..., None]:
        callback = getattr(self._protocol, name)
        return lambda *arguments: callback(*arguments) if self.passes_on else None
