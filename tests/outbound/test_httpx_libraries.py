"""Libraries over our way out, used as their documentation says."""

from __future__ import annotations

import asyncio
import json
import warnings
from urllib.parse import parse_qs

import httpx
import pytest

from gateway.errors import AddressRefused
from gateway.outbound.client import Policy, http_client
from gateway.outbound.durations import Durations
from gateway.outbound.httpx_errors import OutboundRefused
from gateway.outbound.httpx_transport import OutboundTransport
from gateway.outbound.pace import Counterpart

with warnings.catch_warnings(record=True):  # Authlib says each time that it prefers httpx's successor
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.httpx_client import AsyncOAuth2Client


class TokenServer:
    """Grants a token to whoever knows the secret, and answers with what it was shown."""

    def __init__(self):
        self.asked = []

    async def __call__(self, reader, writer):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(line.split(": ", 1) for line in head.lower().split("\r\n")[1:] if line)
            body = (await reader.readexactly(int(fields.get("content-length", 0)))).decode()
            self.asked.append((head.split()[1], fields, parse_qs(body)))
            answer = json.dumps(self.answer(head.split()[1], fields)).encode()
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
                + answer
            )
            await writer.drain()

    def answer(self, path, fields):
        if path != "/token":
            return {"shown": fields["authorization"]}
        if fields.get("authorization") != "basic dg93bjpzm2nyzxq=":
            return {"error": "invalid_client"}
        return {"access_token": "t1", "token_type": "Bearer", "expires_in": 3600}


@pytest.fixture
async def oauth(listen):
    """Make Authlib's clients under a policy; each is closed at the end."""
    server, made = TokenServer(), []
    base = f"http://127.0.0.1:{await listen(server)}"

    def make(*allowed, secret="s3cret", durations=None):
        policy = Policy(allow_private=allowed, counterpart=Counterpart.FITCONNECT)
        transport = OutboundTransport(http_client(policy, durations=durations))
        made.append(AsyncOAuth2Client("town", secret, transport=transport, token_endpoint=f"{base}/token"))
        return made[-1]

    make.base, make.server = base, server
    yield make
    for client in made:
        await client.aclose()


async def test_authlib_fetches_a_token_by_client_credentials_and_shows_it(oauth):
    durations = Durations()
    client = oauth("loopback", durations=durations)
    token = await client.fetch_token(grant_type="client_credentials")
    assert token["access_token"] == "t1"
    assert oauth.server.asked[0][2] == {"grant_type": ["client_credentials"]}
    assert (await client.get(f"{oauth.base}/data")).json() == {"shown": "bearer t1"}
    assert sum(durations.take()[Counterpart.FITCONNECT].numbers) == 2


async def test_authlib_is_refused_what_the_policy_refuses(oauth):
    client = oauth()
    with pytest.raises(OutboundRefused) as caught:
        await client.fetch_token(grant_type="client_credentials")
    assert isinstance(caught.value, httpx.HTTPError)
    assert isinstance(caught.value.__cause__, AddressRefused)
    assert oauth.server.asked == []


async def test_a_refusal_of_the_token_server_stays_authlibs_own_error(oauth):
    with pytest.raises(OAuthError, match="invalid_client"):
        await oauth("loopback", secret="wrong").fetch_token(grant_type="client_credentials")


async def test_many_at_once_share_connections(oauth):
    client = oauth("loopback")
    await client.fetch_token(grant_type="client_credentials")
    got = await asyncio.gather(*(client.get(f"{oauth.base}/data") for _ in range(100)))
    assert {answer.status_code for answer in got} == {200}
