"""What the OpenID Foundation's conformance suite does: a portal, a browser, and what it asks of every answer.

The names of the suite's modules stand at the tests. Nothing of the suite is here; what each of them asks is written
down anew from the standards that it cites.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

import httpx
from joserfc import jws, jwt
from joserfc.jwk import KeySet
from lxml import html

from gateway.login.clients import Registry
from gateway.model import Attested, Level, Person
from gateway.web.app import create_app
from gateway.web.login.flow import LoginDependencies
from tests.login.federation_world import CALLBACK, SECRET, TOWN, World, client, clients, person
from tests.web.conftest import build, municipality

BYE = "https://portal.example/bye"
BACK_CHANNEL = "https://portal.example/back"
STATE = "Zm9v-._~" * 16
"""128 characters, as long as the suite's."""
NAMED = {
    "given_name": "Änne",
    "family_name": "Müller-Lüdenscheidt",
    "title": "Dr.",
    "gender": "2",
    "birthdate": "1964-08-12",
    "email": "aenne@example.org",
    "phone_number": "+4939359000",
    "street_address": "Breite Str. 1",
    "postal_code": "39517",
    "locality": "Tangerhütte",
    "country": "DE",
}


def portals():
    party = {
        "require_pkce": False,
        "post_logout_redirect_uris": (BYE,),
        "backchannel_logout_uri": BACK_CHANNEL,
    }
    return [
        client("suite", method="client_secret_basic", **party),
        client("suite-post", method="client_secret_post", **party),
        client("suite-2", method="client_secret_basic", **party),
    ]


class Suite:
    """One browser, and the server of the portal whose person sits before it; `logins` counts who was asked."""

    def __init__(self) -> None:
        self.world = World()
        self.world.registry._by_id.update(Registry([*clients(), *portals()])._by_id)
        values = {name: Attested(value, Level.SUBSTANTIAL) for name, value in NAMED.items()}
        self.world.bundid.identity = replace(person(), person=Person(values))
        parts = replace(
            build().parts,
            provider=self.world.provider,
            municipalities=(municipality("tangerhuette", TOWN.municipality, TOWN.url, "*"),),
            login=LoginDependencies(self.world.federation, lambda _slug, _name: None),
        )
        transport = httpx.ASGITransport(create_app(parts), raise_app_exceptions=True)
        self.browser = httpx.AsyncClient(transport=transport, base_url=TOWN.url)
        self.server = httpx.AsyncClient(transport=transport, base_url=TOWN.url)
        self.logins = 0

    def request(self, client: str = "suite", **more: str | None) -> dict[str, str]:
        said = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "state": STATE,
            "nonce": "nonce-1",
        } | more
        return {name: value for name, value in said.items() if value is not None}

    async def page(self, method: str = "GET", client: str = "suite", **more: str | None) -> httpx.Response:
        """What the browser sees once nobody asks it to log in any more."""
        said = self.request(client, **more)
        there = {"params": said} if method == "GET" else {"data": said}
        answer = await self.browser.request(method, "/oidc/authorize", **there)
        if answer.headers.get("location", "").startswith(
            f"{TOWN.url}/oidc/authorize?"
        ):  # a form without cookies of ours
            answer = await self.browser.get(answer.headers["location"])
        if answer.status_code == 200 and "https://idp.example/sso" in answer.text:
            self.logins += 1
            form = dict(self.world.bundid.answer())
            assert html.fromstring(answer.text).xpath("//form//input[@name='RelayState']/@value") == [
                form["RelayState"]
            ]
            kept = await self.server.post("/saml/tangerhuette/bundid/acs", data=form)  # from another site: no cookie
            answer = await self.browser.get(kept.headers["location"])
        return answer

    async def callback(self, method: str = "GET", client: str = "suite", **more: str | None) -> dict[str, str]:
        """What the portal's redirect address is called with: `state` as it was sent, `iss` as RFC 9207 §2 has it."""
        answer = await self.page(method, client, **more)
        assert answer.status_code in {302, 303}, answer.text
        address, _, query = answer.headers["location"].partition("?")
        assert address == CALLBACK
        said = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True))
        assert said.pop("state") == more.get("state", STATE)
        assert said.pop("iss") == TOWN.url
        return said

    async def error(self, **more: str | None) -> str:
        """The error of an authorization response (OpenID Connect Core §3.1.2.6), which holds nothing else."""
        said = await self.callback(**more)
        assert set(said) <= {"error", "error_description", "error_uri"}
        assert not set(said.get("error_description", "")) & set('\r\n\t"\\')
        return said["error"]

    async def exchange(self, code: str, /, *, client: str = "suite", **more: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK} | more
        if client == "suite-post":
            return await self.server.post("/oidc/token", data=form | {"client_id": client, "client_secret": SECRET})
        return await self.server.post("/oidc/token", data=form, headers=basic(client))

    async def tokens(self, code: str, **more: str) -> dict[str, Any]:
        """A token response as RFC 6749 §5.1 and OpenID Connect Core §3.1.3.3 have it."""
        answer = await self.exchange(code, **more)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/json")
        assert "no-store" in answer.headers["cache-control"]
        body = answer.json()
        assert body["token_type"].lower() == "bearer"
        assert isinstance(body["expires_in"], int)
        assert len(body["access_token"]) >= 32
        return body

    async def signed_in(self, *, client: str = "suite", **more: str | None) -> dict[str, Any]:
        """From request to tokens."""
        said = await self.callback(client=client, **more)
        assert set(said) == {"code"}, said
        assert len(said["code"]) >= 32
        return await self.tokens(said["code"], client=client)

    async def claims(self, token: str, *, client: str = "suite", nonce: str | None = "nonce-1") -> dict[str, Any]:
        """The ID token, judged as OpenID Connect Core §3.1.3.7 has it."""
        keys = KeySet.import_key_set((await self.server.get("/oidc/jwks.json")).json())
        header = jws.extract_compact(token.encode()).headers()
        assert header["alg"] == "RS256"
        assert header["kid"] in {key["kid"] for key in keys.as_dict()["keys"]}
        said = jwt.decode(token, keys, algorithms=["RS256"]).claims
        now = self.world.clock.at.timestamp()
        assert (said["iss"], said["aud"], said["azp"]) == (TOWN.url, client, client)
        assert said.get("nonce") == nonce
        assert isinstance(said["sub"], str)
        assert 0 < len(said["sub"]) <= 255
        assert all(type(said[name]) is int for name in ("exp", "iat", "auth_time"))
        assert said["auth_time"] <= said["iat"] <= now < said["exp"]
        return said

    async def userinfo(self, token: str) -> dict[str, Any]:
        answer = await self.server.get("/oidc/userinfo", headers={"Authorization": f"Bearer {token}"})
        return userinfo_of(answer)

    async def logout(self, **parameters: str) -> httpx.Response:
        return await self.browser.get("/oidc/logout", params=parameters)

    async def is_signed_in(self) -> bool:
        said = await self.callback(prompt="none")
        return "code" in said


def basic(client: str, secret: str = SECRET) -> dict[str, str]:
    """RFC 6749 §2.3.1: both are form-encoded before they are joined."""
    pair = f"{quote_plus(client)}:{quote_plus(secret)}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def userinfo_of(answer: httpx.Response) -> dict[str, Any]:
    """A userinfo response as OpenID Connect Core §5.3.2 has it, its claims of the types of §5.1."""
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    said = answer.json()
    texts = {"sub", "name", "given_name", "family_name", "gender", "birthdate", "email", "phone_number"}
    assert all(isinstance(said[name], str) and said[name] for name in texts & said.keys())
    assert all(type(said[name]) is bool for name in {"email_verified", "phone_number_verified"} & said.keys())
    assert all(isinstance(part, str) and part for part in said.get("address", {}).values())
    return said


def location(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    """Where a browser is sent, and with what."""
    assert answer.status_code in {302, 303}, answer.text
    parts = urlsplit(answer.headers["location"])
    return f"{parts.scheme}://{parts.netloc}{parts.path}", dict(parse_qsl(parts.query, keep_blank_values=True))
