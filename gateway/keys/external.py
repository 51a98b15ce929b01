"""A signer outside the gateway: a command that holds the key (HSM, card) and signs digests.

Knows: how the command is started, what it is given, how long and how much it may answer. Never does: hand over the
document, a secret or the gateway's environment; believe an answer that the certificate does not verify.
Standard: none; the protocol is `docs/how-to/sign-with-an-hsm.md`. Start reading: `ExternalSigner.sign`.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import IO, Final

from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.errors import CryptoFailure, SignerAway
from gateway.signature import mechanism
from gateway.signature.identity import SigningIdentity
from gateway.signature.mechanism import Mechanism

ANSWER_MOST: Final = 4096
"""Bytes that an answer may have; the signature of RSA-16384 has 2048."""
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")


@dataclass(frozen=True, slots=True)
class ExternalSigner:
    """Starts `command` for each signature, with the mechanism's name as last argument.

    The digest stands on its standard input (raw bytes, then the end); its standard output is the signature: RSA octets,
    or for ECDSA DER or r and s side by side. Exit code 0 is success. It may take `timeout_s` seconds.
    """

    identity: SigningIdentity
    command: tuple[str, ...]
    timeout_s: float = 10.0
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set, repr=False, compare=False)
    _starting: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def close(self) -> None:
        """Kill what runs; the calls that wait for it end with `SignerAway`."""
        with self._starting:  # one that has just begun is among them
            running = tuple(self._running)
        for process in running:
            _kill(process)

    def sign(self, how: Mechanism, message: bytes) -> bytes:
        """The command's signature, verified with the certificate's key. Raises `SignerAway`."""
        digest = how.digest(message)
        answer = self._ask(how.name, digest)
        for candidate in self._readings(answer):
            try:
                mechanism.verify(how, self.identity.public, digest, candidate)
            except CryptoFailure:
                continue
            return candidate
        raise SignerAway(cause="wrong_signature")

    def _readings(self, answer: bytes) -> list[bytes]:
        """The encodings an answer may have; each is tried, since only a right signature verifies."""
        key = self.identity.public
        if isinstance(key, rsa.RSAPublicKey):
            return [answer]
        try:
            return [answer, mechanism.joined(answer, key.curve)]
        except CryptoFailure:
            return [answer]

    def _ask(self, name: str, digest: bytes) -> bytes:
        try:
            with self._starting:
                process = subprocess.Popen(  # noqa: S603 - the command is the operator's, without a shell
                    (*self.command, name),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,  # may hold a PIN
                    env={variable: os.environ[variable] for variable in _PASSED_ON if variable in os.environ},
                    start_new_session=True,
                )
                self._running.add(process)
        except OSError:
            raise SignerAway(cause="not_started") from None
        assert process.stdin is not None
        assert process.stdout is not None
        deadline = time.monotonic() + self.timeout_s
        try:
            _hand_over(process.stdin, digest)
            answer = _read(process.stdout, deadline)
            if len(answer) > ANSWER_MOST:
                raise SignerAway(cause="too_much")
            process.wait(max(0.0, deadline - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise SignerAway(cause="timeout") from None
        finally:
            self._running.discard(process)
            _end(process)
        if process.returncode != 0:
            raise SignerAway(cause=f"exit_{process.returncode}")
        return answer


def _hand_over(stdin: IO[bytes], digest: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):  # it ended without reading; its exit code or answer tells
        stdin.write(digest)  # fits into any pipe
        stdin.close()


def _read(stdout: IO[bytes], deadline: float) -> bytes:
    """Up to one byte more than allowed, until the end or the deadline (TimeoutError)."""
    answer = b""
    while len(answer) <= ANSWER_MOST:
        ready, _, _ = select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        piece = os.read(stdout.fileno(), ANSWER_MOST + 1 - len(answer))
        if not piece:
            break
        answer += piece
    return answer


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the whole process group where the command did not end by itself (its id is still its own then)."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill(process)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    process.wait()
