"""Which client certificate came with a request: from our own TLS, or from a proxy that we trust.

Knows: the handshake's certificate, `Client-Cert` (RFC 9440) and the escaped PEM that other proxies send. Never does:
judge a certificate (`login.certificates` does); let the header of anybody else through.
Standards: RFC 8705 §2, RFC 9440. Start reading: `ClientCertificates`.

It stands outside the layer that believes `X-Forwarded-For`, so that the peer is who really connected.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final
from urllib.parse import unquote

import pybase64
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.login.certificates import Presented
from gateway.web.http.wire import HttpProtocol

HANDSHAKE: Final = "tls_client_certificate"
"""Where `TlsProtocol` leaves what the handshake proved, DER."""
_LIMIT: Final = 16_384
_PEM: Final = "-----BEGIN CERTIFICATE-----"


class TlsProtocol(HttpProtocol):
    """Our protocol, with the certificate of the connection in each request's scope."""

    _certificate: bytes | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - uvicorn's own signature
        """Remember whose connection it is."""
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        self._certificate = tls.getpeercert(binary_form=True) if tls is not None else None

    def on_message_begin(self) -> None:
        """Begin the scope of a request."""
        super().on_message_begin()
        self.scope[HANDSHAKE] = self._certificate  # type: ignore[typeddict-unknown-key]


class ClientCertificates:
    """Wraps everything else. `header` is believed from `proxies` only; unset: from nobody."""

    def __init__(self, app: ASGIApp, header: str | None = None, proxies: Iterable[str] = ()) -> None:
        self._app = app
        self._header = header.lower().encode() if header else None
        self._proxies = networks(proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on with `client_certificate` in its scope."""
        if scope["type"] == "http":
            handshake, fields = scope.pop(HANDSHAKE, None), []
            if self._header is not None:
                fields = [value for name, value in scope["headers"] if name == self._header]
                scope["headers"] = [field for field in scope["headers"] if field[0] != self._header]
            if self._header is not None and self._trusted(scope.get("client")):
                handshake = parsed(fields[0]) if len(fields) == 1 else None  # the handshake was the proxy's
            scope["client_certificate"] = Presented(handshake) if handshake else None
        await self._app(scope, receive, send)

    def _trusted(self, client: Sequence[Any] | None) -> bool:
        if not client:
            return False
        try:
            address = ip_address(str(client[0]))
        except ValueError:
            return False
        return any(address in network for network in self._proxies)


def networks(proxies: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """The addresses and networks among `proxies`; `*` and names are none: anybody could be meant."""
    trusted = []
    for proxy in proxies:
        try:
            trusted.append(ip_network(proxy, strict=False))
        except ValueError:
            continue
    return tuple(trusted)


def parsed(field: bytes) -> bytes | None:
    """The DER of a header field: `:base64:` (RFC 9440 §2.1), or escaped PEM; None where it is neither."""
    text = field[: _LIMIT + 1].decode("latin-1").strip()
    if not text or len(text) > _LIMIT:
        return None
    try:
        if text.startswith(":") and text.endswith(":") and len(text) > 2:
            return pybase64.b64decode(text[1:-1], validate=True)
        pem = unquote(text)
        if pem.startswith(_PEM):
            return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        pass
    return None
