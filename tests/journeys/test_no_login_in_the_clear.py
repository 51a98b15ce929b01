"""A whole login with its application leaves no value where none may stand: logs, figures, plain columns, evidence.

The citizen is a browser without scripts, the portal knows the fixed interface; nothing here is of our code.
"""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import re
import secrets
import subprocess
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit

import psycopg
import pytest

from gateway.store.server import embedded
from tests.demo_fixture import GATEWAY, Portal, http

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class SamlForm(html.parser.HTMLParser):
    """The form of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.fields = "", {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found.get("action", "")
        elif tag == "input" and "name" in found:
            self.fields[found["name"]] = found.get("value", "")


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Each redirect is looked at."""


class Browser:
    """Goes where it is sent, and remembers every value that it carried."""

    def __init__(self) -> None:
        self.jar = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
        ways = (Stay, urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.jar))
        self.opener = urllib.request.build_opener(*ways)
        self.carried: dict[str, str] = {}

    def go(self, address: str, until: str) -> dict[str, str]:
        data = None
        for _ in range(12):
            self.carried |= dict(parse_qsl(urlsplit(address).query))
            if address.startswith(until):
                return dict(parse_qsl(urlsplit(address).query))
            try:
                answer = self.opener.open(urllib.request.Request(address, data=data), timeout=30)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                there, page, data = answer.headers.get("Location"), answer.read().decode(), None
            if there is None:
                form = SamlForm(page)
                assert form.fields, f"{answer.status} at {urlsplit(address).path}"
                self.carried |= form.fields
                there, data = form.action, urlencode(form.fields).encode()
            address = urljoin(address, there)
        raise AssertionError("too many steps")


@dataclass
class LoggedIn:
    """What must stand nowhere, the login's name for an application, and how its code is exchanged once more."""

    secret: dict[str, str]
    login_ref: str
    exchange: tuple[str, str, bytes, dict[str, str]]


def logged_in(line: dict[str, Any]) -> LoggedIn:
    """A login by the demo's client up to userinfo, and one more by its session."""
    identity, client, browser = line["sandboxes"]["identity"], line["oidc_client"], Browser()
    person = identity["persons"][0]["id"]
    assert http("POST", identity["admin"].rstrip("/") + "/login", {"person": person, "level": "substantial"})[0] < 300
    known = http("GET", line["issuer"] + "/.well-known/openid-configuration")[2]
    verifier = secrets.token_urlsafe(48)
    asked = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": client["redirect_uri"],
        "scope": "openid profile email phone address",
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "login_hint": "wer-kommt@example.org",
        "claims": json.dumps({"userinfo": {f"{line['issuer']}/claims/postkorb_handle": None}}),
        "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "provider": "bundid",
    }
    begin = f"{known['authorization_endpoint']}?{urlencode(asked)}"
    code = browser.go(begin, client["redirect_uri"])["code"]
    pair = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    form = {"grant_type": "authorization_code", "redirect_uri": client["redirect_uri"], "code_verifier": verifier}
    body = urlencode({**form, "code": code}).encode()
    exchange = ("POST", known["token_endpoint"], body, {**FORM, "Authorization": f"Basic {pair}"})
    status, _, tokens = http(*exchange)
    assert status == 200, tokens
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    said = http("GET", known["userinfo_endpoint"], headers=bearer)[2]
    claims = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "=="))
    metadata = http("GET", line["issuer"] + "/saml/tangerhuette/bundid/metadata")[2].decode()
    host = re.search(r'entityID="https://([^/"]+)', metadata)[1]
    secret = {name: value for name, value in browser.carried.items() if name in CARRIED}
    secret |= {f"cookie {cookie.name}": cookie.value or "" for cookie in browser.jar}
    secret |= {"code": code, "another code": browser.go(begin, client["redirect_uri"])["code"]}
    secret |= {"verifier": verifier, "access token": tokens["access_token"], "ID token": tokens["id_token"]}
    secret |= {"login_ref": claims["login_ref"], "sub": claims["sub"], "bPK2": bpk2(person, host)}
    secret |= {f"claim {name}": value for name, value in texts(said)}
    assert {"claim family_name", "claim postkorb_handle", "claim email", "RelayState", "SAMLResponse"} <= set(secret)
    return LoggedIn(secret, claims["login_ref"], exchange)


CARRIED = frozenset({"state", "nonce", "login_hint", "login", "RelayState", "SAMLRequest", "SAMLResponse"})
PLAIN = frozenset({"means", "time", "assurance_level", "trust_framework", "document_type", "postal_code", "locality"})
"""Claims that say nothing of a person by themselves, or stand by chance in random bytes."""


def bpk2(person: str, host: str) -> str:
    """How the identity sandbox makes the key of an account."""
    digest = hashlib.sha256(f"bPK2\0{person}\0{host}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a JSON value that says something, by its name."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from texts(each, key.rpartition("/")[2])
    elif isinstance(value, list):
        for each in value:
            yield from texts(each, name)
    elif isinstance(value, str) and name not in PLAIN and len(value) > 3:
        yield name, value


@pytest.fixture(scope="module")
def scanned(
    line: dict[str, Any], portal: Portal, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], dict[str, str]]:
    """The values, and every place by its name; one login becomes an application, one is ended by its code."""
    taken, ended = logged_in(line), logged_in(line)
    assert http(*ended.exchange)[0] == 400
    body = portal.body()
    assert portal.create({**body, "login": ended.login_ref})[0] == 422
    status, _, made = portal.create({**body, "login": taken.login_ref})
    assert status == 201, made
    assert portal.followed(made["id"])["state"] == "accepted"
    found = found_in(line) | evidence_of(line, made["id"], tmp_path_factory.mktemp("evidence") / "e.zip")
    return {**taken.secret, **{f"ended: {name}": value for name, value in ended.secret.items()}}, found


def found_in(line: dict[str, Any]) -> dict[str, str]:
    """Logs, figures and tables as text."""
    home = Path(line["config"]).parent
    logs = [path for path in home.rglob("*log*") if path.is_file()]
    found = {str(path.relative_to(home)): path.read_text(errors="replace") for path in logs}
    found["metrics"] = http("GET", line["metrics"])[2].decode()
    with psycopg.connect(embedded.start(home / "data").dsn) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            rows = connection.execute(f'SELECT t::text FROM "{name}" AS t').fetchall()
            found[f"table {name}"] = "\n".join(row for (row,) in rows)
    return found


def evidence_of(line: dict[str, Any], submission: str, path: Path) -> dict[str, str]:
    """What the evidence holds, which verifies."""
    config = ["--config", line["config"]]
    for command in (["export", submission, "--out", str(path), *config], ["verify", str(path)]):
        subprocess.run([*GATEWAY, "evidence", *command], check=True, capture_output=True)
    with zipfile.ZipFile(path) as archive:
        return {f"evidence {name}": archive.read(name).decode("latin-1") for name in archive.namelist()}


def test_the_scan_sees_what_it_is_about(scanned):
    _, found = scanned
    assert {"table logins", "table login_sessions", "table login_accounts", "metrics"} <= set(found)
    assert any(name.endswith("serve.log") for name in found)
    assert "substantial" in "".join(text for name, text in found.items() if name.startswith("evidence "))


def test_no_value_of_a_login_stands_in_the_clear(scanned):
    secret, found = scanned
    seen = {
        (where, name)
        for name, value in secret.items()
        for spelt in {value, value.encode().hex(), value.encode("unicode_escape").decode(), quote(value, safe="")}
        for where, text in found.items()
        if spelt.lower() in text.lower()
    }
    assert seen == set()
