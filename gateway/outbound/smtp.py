"""Mail on its way out: one message to one address, under the address policy, with its errors sorted.

Knows: SMTP submission with STARTTLS, TLS or, where it is set, neither; which reply means later and which never.
Never does: fall back to an unencrypted connection, send a password over one, repeat, know what the mail says.
Standards: RFC 5321, RFC 6409, RFC 3207 (STARTTLS), RFC 8314 (TLS), RFC 4954 (login). Start reading: `send`.

The standard library's client speaks; it runs in a thread of its own, as mail is rare, and a time bounds the whole
conversation.
"""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from gateway.errors import (
    AddressRefused,
    CounterpartAway,
    CounterpartBusy,
    CounterpartError,
    CounterpartGarbled,
    CounterpartRefused,
    TlsMissing,
)
from gateway.outbound.client import tls_context
from gateway.outbound.durations import Durations
from gateway.outbound.network import MAX_ADDRESSES, Resolve, resolve
from gateway.outbound.pace import Counterpart
from gateway.outbound.policy import AddressPolicy, parse
from gateway.outbound.threads import apart

STEP_S: Final = 15.0
"""One answer of the mail server may take so long."""
WHOLE_S: Final = 60.0
"""The whole conversation may take so long."""


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server and how to speak with it. `helo` is our own name; `ca_bundle` adds certificate authorities."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    addresses: AddressPolicy
    helo: str = "localhost"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_bundle: Path | None = None
    step_s: float = STEP_S
    whole_s: float = WHOLE_S


async def send(  # noqa: PLR0913 - a mail, its way, and what the way is told of
    relay: Relay, sender: str, to: str, message: bytes, *, find: Resolve = resolve, durations: Durations | None = None
) -> None:
    """Hand one message over; returning means that the server has taken it. `durations` learns how long that took.

    Raises `CounterpartAway` (no connection, no answer, broken off: the outcome is unknown), `CounterpartBusy` (4xx,
    greylisting above all: later), `CounterpartRefused` (5xx: never; `problem` names the step), `TlsMissing`,
    `CounterpartGarbled` and `AddressRefused`.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        await _converse(relay, sender, to, message, find)
    finally:
        if durations is not None:
            durations.note(Counterpart.MAIL, relay.host, loop.time() - began, len(message))


async def probe(relay: Relay, sender: str, to: str | None = None, *, find: Resolve = resolve) -> None:
    """Do everything but hand a message over: connect, encrypt, log in, name sender and `to`. Raises as `send`."""
    await _converse(relay, sender, to, None, find)


async def _converse(relay: Relay, sender: str, to: str | None, message: bytes | None, find: Resolve) -> None:
    addresses = await _judged(relay, find)
    client = _Pinned(addresses, relay)
    work = apart(lambda: _speak(client, relay, sender, to, message), "mail")
    try:
        async with asyncio.timeout(relay.whole_s):
            await work
    except TimeoutError:
        raise CounterpartAway(host=relay.host) from None
    finally:
        client.cut()  # ends the thread: its socket answers with an error now


async def _judged(relay: Relay, find: Resolve) -> Sequence[str]:
    """The addresses to connect to, each allowed."""
    literal = parse(relay.host)
    try:
        names = [str(literal)] if literal else await asyncio.wait_for(find(relay.host, relay.port), relay.step_s)
    except (OSError, UnicodeError):  # a time-out is an OSError
        names = []
    if not names:
        raise CounterpartAway(host=relay.host)
    for name in names:
        address = parse(name)
        if address is None or relay.addresses.refuses(relay.host, address):
            raise AddressRefused(host=relay.host)
    return names[:MAX_ADDRESSES]


class _Pinned(smtplib.SMTP):
    """The library's client, connecting to judged addresses only; the certificate is checked for the name."""

    def __init__(self, addresses: Sequence[str], relay: Relay) -> None:
        self._found, self._relay = addresses, relay
        self._over, self._lock = False, threading.Lock()
        self._same: socket.socket | None = None
        super().__init__(local_hostname=relay.helo, timeout=relay.step_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        error = OSError(host)
        for address in self._found:
            if self._over:
                break
            try:
                plain = socket.create_connection((address, port), timeout)
            except OSError as failure:
                error = failure
                continue
            self._hold(plain)
            if self._relay.tls != "tls":
                return plain
            return self._secured(plain, host)
        raise error

    def _secured(self, plain: socket.socket, host: str) -> ssl.SSLSocket:
        """TLS over the connection; whatever ends the handshake, nothing of it stays open.

        `cut` waits while the connection is wrapped: the library would leave open what is shut down then.
        """
        with self._lock:
            if self._over:
                plain.close()
                raise OSError(self._relay.host)
            secured = tls_context(self._relay.ca_bundle).wrap_socket(
                plain, server_hostname=host, do_handshake_on_connect=False
            )
        try:
            secured.do_handshake()
        except BaseException:
            secured.close()
            raise
        return secured

    def _hold(self, plain: socket.socket) -> None:
        """Keep a second handle on the connection: wrapping it for TLS takes the first away while it still waits."""
        with self._lock:
            if self._over:
                plain.close()
                raise OSError(self._relay.host)
            self._same = plain.dup()

    def cut(self) -> None:
        """End the conversation from outside, wherever it stands; once it has ended this does nothing."""
        with self._lock:
            self._over = True
            if self._same is not None:
                with contextlib.suppress(OSError):
                    self._same.shutdown(socket.SHUT_RDWR)
                self._same.close()
                self._same = None


def _speak(client: _Pinned, relay: Relay, sender: str, to: str | None, message: bytes | None) -> None:
    """The conversation, in a thread."""
    try:
        _opened(client, relay)
        _named(client, relay, sender, to)
        if message is not None:
            code, _ = client.data(message)
            if code != 250:
                raise _reply(relay, code, "DATA")
        with contextlib.suppress(OSError, smtplib.SMTPException):
            client.quit()
    except CounterpartError:
        raise
    except (OSError, EOFError, ValueError) as error:  # smtplib's errors are OSErrors
        raise _meant(relay, error) from None
    finally:
        client.close()


def _meant(relay: Relay, error: Exception) -> CounterpartError:
    """What an error of the conversation means."""
    if isinstance(error, smtplib.SMTPResponseException):
        step = "AUTH" if isinstance(error, smtplib.SMTPAuthenticationError) else "SMTP"
        return _reply(relay, error.smtp_code, step)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return CounterpartRefused(host=relay.host, http_status=502, problem="AUTH")
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsMissing(host=relay.host, rule="certificate")
    garbled = isinstance(error, smtplib.SMTPException) and not isinstance(error, smtplib.SMTPServerDisconnected)
    if garbled or not isinstance(error, OSError | EOFError):
        return CounterpartGarbled(host=relay.host)
    return CounterpartAway(host=relay.host)  # no connection, broken off, time-outs


def _opened(client: _Pinned, relay: Relay) -> None:
    client._host = relay.host  # type: ignore[attr-defined]  # noqa: SLF001 - the name that STARTTLS checks
    code, _ = client.connect(relay.host, relay.port)
    if code != 220:
        raise _reply(relay, code, "connect")
    client.ehlo_or_helo_if_needed()
    if relay.tls == "starttls":
        if not client.has_extn("starttls"):
            raise TlsMissing(host=relay.host, rule="no_starttls")
        client.starttls(context=tls_context(relay.ca_bundle))
        client.ehlo()
    if relay.user is not None:
        client.login(relay.user, relay.password or "")


def _named(client: _Pinned, relay: Relay, sender: str, to: str | None) -> None:
    code, _ = client.mail(sender)
    if code != 250:
        raise _reply(relay, code, "MAIL FROM")
    if to is None:
        return
    code, _ = client.rcpt(to)
    if code not in {250, 251}:
        raise _reply(relay, code, "RCPT TO")


def _reply(relay: Relay, code: int, step: str) -> CounterpartError:
    """What a reply that is no success means; its text stays out: it may repeat addresses."""
    if 400 <= code < 500:
        return CounterpartBusy(host=relay.host, http_status=code)
    if 500 <= code < 600:
        return CounterpartRefused(host=relay.host, http_status=code, problem=step)
    return CounterpartGarbled(host=relay.host)
