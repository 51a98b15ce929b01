"""The demo's citizen: a browser without scripts that logs in at the identity sandbox, and the portal that asked.

Knows: redirects, forms and cookies as a browser has them, the code exchange as a portal does it. Never does: look into
the gateway. Standards: OpenID Connect Core §3.1, RFC 7636. Start reading: `log_in`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx

from gateway.cli.demo.environment import CLIENT, DemoEnvironment
from gateway.crypto import base64url
from gateway.errors import CounterpartGarbled, CounterpartRefused
from gateway.outbound.client import Policy
from gateway.outbound.httpx_transport import httpx_client

LEVEL = "substantial"
_STEPS = 12
"""So many redirects and forms lead from a portal to an identity provider and back, at most."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """What the portal has of a login: the name of it for an application, its level, and who it was."""

    login_ref: str = field(repr=False)
    level: str
    family_name: str = field(repr=False)


async def log_in(environment: DemoEnvironment) -> LoggedIn:
    """One person of the sandbox logs in with BundID for the demo's portal. Raises `CounterpartRefused`."""
    async with httpx_client(Policy(allow_private=("loopback",))) as browser:
        browser.cookies = CookieJar()  # which our way out has none of
        return await _logged_in(environment, browser)


async def reported(environment: DemoEnvironment, case_id: str, citizen: LoggedIn) -> bool:
    """Whether the authority read in the metadata who it was, in a report that the municipality signed."""
    admin = environment.sandbox["admin"].rstrip("/")
    async with httpx_client(Policy(allow_private=("loopback",))) as client:
        arrived = (await _json(client, "GET", admin + "/submissions"))["submissions"]
        mine = next(item["submission_id"] for item in arrived if item["case_id"] == case_id)
        metadata = (await _json(client, "GET", f"{admin}/submissions/{mine}/opened"))["metadata"]
    reports = [json.loads(base64url.decode(kept["content"].split(".")[1].encode())) for kept in metadata["dataSets"]]
    return any(report["subjectRef"].get("familyName") == citizen.family_name for report in reports)


async def _logged_in(environment: DemoEnvironment, browser: httpx.AsyncClient) -> LoggedIn:
    identity = environment.identity or {}
    person = {"person": identity["persons"][0]["id"], "level": LEVEL}
    await _json(browser, "POST", identity["admin"] + "/login", json=person)
    issuer = environment.serve["issuer"]
    known = await _json(browser, "GET", issuer + "/.well-known/openid-configuration")
    verifier, state, nonce = (secrets.token_urlsafe(32) for _ in range(3))
    asked = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": environment.redirect_uri,
        "scope": "openid profile",
        "state": state,
        "nonce": nonce,
        "code_challenge": base64url.encode(sha256(verifier.encode()).digest()).decode(),
        "code_challenge_method": "S256",
        "provider": "bundid",
    }
    begin = f"{known['authorization_endpoint']}?{urlencode(asked)}"
    back = await _walk(browser, begin, environment.redirect_uri)
    if back.get("state") != state or back.get("iss") != issuer or "code" not in back:
        raise CounterpartRefused(host="gateway", http_status=303, problem=back.get("error", "login"))
    exchanged = {
        "grant_type": "authorization_code",
        "code": back["code"],
        "redirect_uri": environment.redirect_uri,
        "code_verifier": verifier,
    }
    basic = (CLIENT, environment.secret)
    tokens = await _json(browser, "POST", known["token_endpoint"], data=exchanged, auth=basic)
    claims = json.loads(base64url.decode(tokens["id_token"].split(".")[1].encode()))
    if claims["nonce"] != nonce:
        raise CounterpartGarbled(host="gateway")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    userinfo = await _json(browser, "GET", known["userinfo_endpoint"], headers=bearer)
    return LoggedIn(claims["login_ref"], claims["acr"].rpartition("/")[2], userinfo["family_name"])


async def _walk(browser: httpx.AsyncClient, address: str, until: str) -> dict[str, str]:
    """By redirects and forms from an address to the portal's own: the parameters that it is called with."""
    fields: Mapping[str, str] | None = None
    for _ in range(_STEPS):
        if address.startswith(until):
            return dict(parse_qsl(urlsplit(address).query))
        answer = await browser.request("GET" if fields is None else "POST", address, data=fields)
        if answer.has_redirect_location:
            address, fields = urljoin(address, answer.headers["Location"]), None
            continue
        form = _Forms.saml(answer.text)
        if form is None:
            raise CounterpartRefused(host=urlsplit(address).netloc, http_status=answer.status_code, problem="login")
        address, fields = urljoin(address, form.action), form.fields
    raise CounterpartGarbled(host="gateway")


class _Forms(HTMLParser):
    """The forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []

    @classmethod
    def saml(cls, page: str) -> _Form | None:
        """The form that carries a request or an answer."""
        parser = cls()
        parser.feed(page)
        return next((form for form in parser.forms if {"SAMLRequest", "SAMLResponse"} & form.fields.keys()), None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(attributes.get("action", "")))
        elif tag == "input" and self.forms and "name" in attributes:
            self.forms[-1].fields[attributes["name"]] = attributes.get("value", "")


@dataclass(frozen=True, slots=True)
class _Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict, repr=False)


async def _json(browser: httpx.AsyncClient, method: str, address: str, **sent: Any) -> Any:  # noqa: ANN401 - JSON
    answer = await browser.request(method, address, **sent)
    if not answer.is_success:
        raise CounterpartRefused(host=urlsplit(address).netloc, http_status=answer.status_code, problem="login")
    return answer.json() if answer.content else None
