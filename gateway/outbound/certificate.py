"""What an exchange shows of the other side's certificate: when it ends, and whether it was the fault.

Knows: aiohttp's connections and errors. Never does: judge a certificate (TLS has done so). Standard: RFC 5280 §4.1.2.5.
Start reading: `CertifiedResponse`, then `was_refused`.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from aiohttp.connector import Connection


class CertifiedResponse(aiohttp.ClientResponse):
    """A response that keeps when its connection's certificate ends; None without TLS.

    It is read first of all: a short answer has given its connection back before anybody asks.
    """

    certificate_ends: datetime | None = None

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """As inherited."""
        transport = connection.transport
        shown = transport.get_extra_info("peercert") if transport is not None else None
        if shown and "notAfter" in shown:
            self.certificate_ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
        return await super().start(connection)


def ends_of(response: aiohttp.ClientResponse) -> datetime | None:
    """When the certificate ends, for a client whose policy asks for that."""
    return response.certificate_ends if isinstance(response, CertifiedResponse) else None


def was_refused(error: BaseException) -> bool:
    """Whether an exchange failed because the other side's certificate, or its TLS, is not to be trusted."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, aiohttp.ClientSSLError | ssl.SSLError):
            return True
        cause = cause.__cause__
    return False
