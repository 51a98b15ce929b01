"""The sandbox behind a real socket: readiness, a reset connection, an end in time, and constant memory."""

from __future__ import annotations

import asyncio
import shutil
import time
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from gateway.crypto import jwe
from gateway.fitconnect import names
from gateway.sandbox.fitconnect.server import serve

from .conftest import SERVICE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from gateway.sandbox.fitconnect.keyring import SandboxKeys

MB = 1 << 20


@pytest.fixture
async def line(tmp_path: Path, keyring: SandboxKeys) -> AsyncIterator[dict[str, Any]]:
    shutil.copytree(keyring.directory, tmp_path / "data" / "keys")
    ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(data=tmp_path / "data", port=0, on_ready=ready.set_result, stop=stop))
    await asyncio.wait({ready, serving}, return_when=asyncio.FIRST_COMPLETED)
    yield ready.result()
    stop.set()
    began = time.monotonic()
    await serving
    assert time.monotonic() - began < 10


async def sender(http: httpx.AsyncClient, line: dict[str, Any]) -> dict[str, str]:
    client = next(c for c in line["clients"] if c["role"] == "sender")
    form = {"grant_type": "client_credentials", **{k: client[k] for k in ("client_id", "client_secret")}}
    return {"Authorization": f"Bearer {(await http.post(line['token_url'], data=form)).json()['access_token']}"}


async def test_the_readiness_line_leads_to_every_door(line: dict[str, Any]) -> None:
    async with httpx.AsyncClient() as http:
        for address in (line["portal_jwks"], line["delivery_jwks"], f"{line['admin']}/state"):
            assert (await http.get(address)).status_code == 200
        for api in (line["submission_api_v1"], line["submission_api_v2"], f"{line['routing_api']}/v1"):
            assert (await http.get(f"{api}/info")).status_code == 200
    assert {d["subscriber"] for d in line["destinations"]} == {"automatic", "manual"}


async def test_a_reset_and_a_lost_answer_reach_the_wire(line: dict[str, Any]) -> None:
    async with httpx.AsyncClient() as http:
        for kind in ("reset", "lost_answer"):
            fault = {"match": "GET /.well-known/jwks.json", "kind": kind, "times": 1}
            assert (await http.post(f"{line['admin']}/faults", json=fault)).status_code == 201
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                await http.get(line["delivery_jwks"])
        assert (await http.get(line["delivery_jwks"])).status_code == 200


async def test_a_large_attachment_grows_the_process_by_little(line: dict[str, Any], keyring: SandboxKeys) -> None:
    own = psutil.Process()
    key = keyring.keys["automatic-decryption"]
    attachment = "0a1b2c3d-0000-4000-8000-000000000000"
    plain = 60 * MB
    sealer = jwe.Sealer(key.rsa.public_key(), kid=key.kid, cty=names.JSON, cek=b"k" * 32, iv=b"i" * 12)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(plain // MB):
            yield sealer.update(b"x" * MB)
        yield sealer.finish()

    async with httpx.AsyncClient(timeout=60) as http:
        head = await sender(http, line)
        body = {
            "destinationId": line["destinations"][0]["destination_id"],
            "announcedAttachments": [attachment],
            "publicService": {"name": "x", "identifier": SERVICE},
        }
        made = await http.post(f"{line['submission_api_v2']}/submissions", json=body, headers=head)
        path = f"{line['submission_api_v2']}/submissions/{made.json()['submissionId']}/attachments/{attachment}"
        size = jwe.sealed_size(plain, kid=key.kid, cty=names.JSON)
        before = own.memory_info().rss
        head |= {"Content-Type": names.JOSE, "Content-Length": str(size)}
        assert (await http.put(path, content=pieces(), headers=head)).status_code == 204
        assert own.memory_info().rss - before < 32 * MB
        shown = (await http.get(f"{line['admin']}/submissions")).json()["submissions"]
        assert (shown[0]["state"], shown[0]["bytes"]) == ("uploaded", size)
