"""A mail server of our own on loopback that keeps what it gets and fails as it is told (RFC 5321, 3207, 4954)."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class MailServer:
    """`replies` maps a command (`RCPT`, `DATA`, `.`, …) to what is answered in place of success; `hang` gets none."""

    port: int = 0
    context: ssl.SSLContext | None = None
    replies: dict[str, str] = field(default_factory=dict)
    hang: str = ""
    got: list[tuple[str, bytes]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    to: dict[asyncio.StreamWriter, str] = field(default_factory=dict)
    encrypted: list[bool] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._say(writer, self.replies.get("connect", "220 mail.example ESMTP"))
            while line := (await reader.readline()).decode():
                verb = line.split()[0].upper().rstrip(":")
                self.commands.append(verb)
                if verb == self.hang:
                    await asyncio.Event().wait()
                if verb in self.replies:
                    await self._say(writer, self.replies[verb])
                else:
                    await getattr(self, f"_{verb.lower()}", self._other)(line, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _ehlo(self, _line, _reader, writer) -> None:
        more = "" if self.context is None or writer.get_extra_info("sslcontext") else "250-STARTTLS\r\n"
        await self._say(writer, f"250-mail.example\r\n{more}250 AUTH PLAIN")

    async def _starttls(self, _line, _reader, writer) -> None:
        await self._say(writer, "220 go ahead")
        await writer.start_tls(self.context)

    async def _auth(self, line, _reader, writer) -> None:
        self.logins.append(base64.b64decode(line.split()[2]).decode())
        await self._say(writer, "235 welcome")

    async def _rcpt(self, line, _reader, writer) -> None:
        self.to[writer] = line.partition("<")[2].partition(">")[0]
        await self._say(writer, "250 ok")

    async def _data(self, _line, reader, writer) -> None:
        await self._say(writer, "354 go ahead")
        content = await reader.readuntil(b"\r\n.\r\n")
        answer = self.replies.get(".", "250 taken")
        if answer.startswith("2"):
            self.got.append((self.to[writer], content[:-3]))
            self.encrypted.append(writer.get_extra_info("sslcontext") is not None)
        await self._say(writer, answer)

    async def _other(self, _line, _reader, writer) -> None:
        await self._say(writer, "250 ok")

    @staticmethod
    async def _say(writer: asyncio.StreamWriter, text: str) -> None:
        writer.write(text.encode() + b"\r\n")
        await writer.drain()


@asynccontextmanager
async def mail_server(*, context: ssl.SSLContext | None = None, implicit: bool = False) -> AsyncIterator[MailServer]:
    """A running one: STARTTLS with `context`, TLS from the first byte with `implicit`, else unencrypted."""
    it = MailServer(context=None if implicit else context)
    open_conversations: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        open_conversations.add(task)
        task.add_done_callback(open_conversations.discard)
        await it.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context if implicit else None)
    it.port = server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        server.close()
        for task in list(open_conversations):
            task.cancel()
        await asyncio.gather(*open_conversations, return_exceptions=True)


def certificate(directory: Path, name: str = "127.0.0.1") -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context with a certificate of its own for that address, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    file = directory / "mail.pem"
    file.write_bytes(pem)
    private = directory / "mail.key"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, private)
    return context, file
