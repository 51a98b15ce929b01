"""Parts as old clients of v1 seal them: compressed, with the thumbprint as `kid`, and no `cty` where none is asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwe as foreign_jwe
from joserfc.jwk import RSAKey

from gateway.crypto import jwe
from gateway.crypto.keys import thumbprint
from gateway.errors import CryptoFailure
from gateway.fitconnect import names
from gateway.sandbox.fitconnect.zipped import open_zipped

from .conftest import PDF, SERVICE, XML, Peer

if TYPE_CHECKING:
    from gateway.crypto.keys import PrivateKey

V1 = "/submission-api/v1"
_LIMIT = 200_000


def sealed(key: PrivateKey, plain: bytes, **head: Any) -> bytes:
    """A compressed part by a foreign library."""
    public = RSAKey.import_key({name: key.public_jwk[name] for name in ("kty", "n", "e")})
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "zip": "DEF", "kid": thumbprint(key.public_jwk), **head}
    registry = foreign_jwe.JWERegistry(algorithms=["RSA-OAEP-256", "A256GCM", "DEF"], verify_all_recipients=False)
    return foreign_jwe.encrypt_compact(header, plain, public, registry=registry).encode()


async def test_a_client_of_v1_that_compresses_is_accepted(peer: Peer) -> None:
    key = peer.sandbox.keys.keys["automatic-decryption"]
    parcel = peer.parcel()
    [attachment_id] = parcel.attachments
    head = await peer.token("sender")
    body = {
        "destinationId": peer.sandbox.own_destination("automatic").id,
        "announcedAttachments": [attachment_id],
        "serviceType": {"name": "", "identifier": SERVICE},
    }
    ids = (await peer.http.post(f"{V1}/submissions", json=body, headers=head)).json()
    one = f"{V1}/submissions/{ids['submissionId']}"
    jose = {**head, "Content-Type": names.JOSE}
    put = await peer.http.put(f"{one}/attachments/{attachment_id}", content=sealed(key, PDF), headers=jose)
    assert put.status_code == 204
    parts = {
        "encryptedMetadata": sealed(key, json.dumps(parcel.metadata).encode(), cty=names.JSON).decode(),
        "encryptedData": sealed(key, XML).decode(),
    }
    assert (await peer.http.put(one, json=parts, headers=head)).status_code == 202
    await peer.sandbox.settle()
    assert (await peer.last(ids))[0] == "accept-submission"


async def test_v2_refuses_what_is_compressed(peer: Peer) -> None:
    key = peer.sandbox.keys.keys["automatic-decryption"]
    parcel = peer.parcel()
    ids = await peer.announce(parcel)
    [attachment_id] = parcel.attachments
    assert (await peer.upload(ids, attachment_id, sealed(key, PDF))).status_code == 422


def test_what_cannot_be_opened_gives_no_reason(peer: Peer) -> None:
    key = peer.sandbox.keys.keys["automatic-decryption"]
    right = sealed(key, b"plain")
    plain, opened = open_zipped(right, lambda _: key.rsa, _LIMIT)
    assert (plain, opened.tag) == (b"plain", right.rsplit(b".", 1)[1].decode())
    for wrong in (
        right[:-22] + b"A" * 22,
        right + b".",
        right.replace(b".", b".A", 2),
        sealed(key, b"x" * _LIMIT + b"y"),
    ):
        with pytest.raises(CryptoFailure):
            open_zipped(wrong, lambda _: key.rsa, _LIMIT)
    with pytest.raises(CryptoFailure):
        open_zipped(right, lambda _: None, _LIMIT)
    other = jwe.seal(b"\xff" * 100, key.rsa.public_key(), kid="k", cty=names.JSON, cek=b"k" * 32, iv=b"i" * 12)
    with pytest.raises(CryptoFailure):  # never compressed
        open_zipped(other, lambda _: key.rsa, _LIMIT)
