"""What of a login is encrypted, and under which key.

Knows: keys that hang on the vault and on what a browser or portal holds, the names of rows that do. Never does: I/O.
Standard: architecture §5; RFC 2104. Start reading: `LoginSealing`.

A handle, code, token or `request_uri` names its row by a keyed digest, and its values are encrypted under another
keyed digest of it. Of what the port hands in nothing else is kept: once it is forgotten outside, no database, backup
and vault together open the values. Who logged in is not such a value: it has a data key, which erasing deletes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from gateway.crypto import vault
from gateway.model import Identity
from gateway.store.keys.keyring import DataKey, DataKeyring
from gateway.store.keys.master_keys import NONCE
from gateway.store.rows import identities

HANDLE: Final = b"login-handle"
ANSWER: Final = b"login-answer"
CODE: Final = b"login-code"
TOKEN: Final = b"login-token"
PUSHED: Final = b"login-pushed"
SUBJECT: Final = b"login-subject"


class LoginSealing:
    """Encrypts and names, each kind of thing apart from the others."""

    def __init__(self, keyring: DataKeyring) -> None:
        self._ring = keyring

    def name(self, kind: bytes, held: bytes) -> bytes:
        """By which name a row stands for what somebody outside holds."""
        return self._ring.digest(b"name", kind, held)

    def seal(self, kind: bytes, held: bytes, data: bytes) -> bytes:
        """Encrypt a value of that row."""
        return vault.seal_value(self._key(kind, held), context=kind, data=data, nonce=self._ring.random(NONCE))

    def open(self, kind: bytes, held: bytes, sealed: bytes) -> bytes:
        """What was sealed. Raises `CryptoFailure`."""
        return vault.open_value(self._key(kind, held), context=kind, sealed=sealed)

    def seal_json(self, kind: bytes, held: bytes, value: Mapping[str, Any]) -> bytes:
        """Encrypt a value that JSON can hold."""
        return self.seal(kind, held, json.dumps(dict(value), ensure_ascii=False).encode())

    def open_json(self, kind: bytes, held: bytes, sealed: bytes) -> dict[str, Any]:
        """What `seal_json` sealed. Raises `CryptoFailure`."""
        value: dict[str, Any] = json.loads(self.open(kind, held, sealed))
        return value

    def seal_identity(self, key: DataKey, login: UUID, identity: Identity) -> bytes:
        """Encrypt who logged in."""
        return self._ring.seal(key, _place(login), identities.frozen(identity))

    def open_identity(self, key: DataKey, login: UUID, sealed: bytes) -> Identity:
        """Who logged in. Raises `CryptoFailure`."""
        return identities.thawed(vault.open_value(key.key, context=_place(login), sealed=sealed))

    def _key(self, kind: bytes, held: bytes) -> bytes:
        return self._ring.digest(b"key", kind, held)


def _place(login: UUID) -> bytes:
    return b"login-identity/" + login.bytes
