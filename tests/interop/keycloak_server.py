"""Keycloak in a process of its own, its administration, and a browser without scripts that fills in its forms."""

from __future__ import annotations

import contextlib
import html
import html.parser
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urljoin

import httpx

HOME = Path(__file__).parents[2] / "build" / "interop" / "keycloak"
ADMIN, PASSWORD = "admin", "a-password-of-tests"
READY_WITHIN_S = 240
STEPS = 30


def installed() -> Path | None:
    """Its program; None where it or Java is not there."""
    found = sorted(HOME.glob("keycloak-*/bin/kc.sh"))
    return found[-1] if found and shutil.which("java") else None


@contextlib.contextmanager
def serving(program: Path, data: Path, *more: str) -> Iterator[Keycloak]:
    """Keycloak with a database in its memory, ready for orders; `data` holds what it writes."""
    base = f"http://localhost:{free_port()}"
    arguments = ("start-dev", "--db=dev-mem", "--features=step-up-authentication-saml", *more)
    with running(program, data, base, *arguments), httpx.Client(trust_env=False, timeout=60) as http:
        yield Keycloak(base, http)


@contextlib.contextmanager
def running(program: Path, data: Path, base: str, *arguments: str, **environment: str) -> Iterator[subprocess.Popen]:
    """A process of it that answers at `base`; afterwards none is left."""
    own = {"KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN, "KC_BOOTSTRAP_ADMIN_PASSWORD": PASSWORD, **environment}
    address = ("--http-host=127.0.0.1", f"--http-port={base.rpartition(':')[2]}")
    with (data / "keycloak.log").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/sh", str(program), *arguments, *address],
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _await(process, base, data / "keycloak.log")
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it keeps nothing
        process.wait(20)


def _await(process: subprocess.Popen, base: str, log: Path) -> None:
    """Until it answers discovery."""
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        with contextlib.suppress(httpx.HTTPError):
            path = "/realms/master/.well-known/openid-configuration"
            if httpx.get(base + path, trust_env=False, timeout=30).status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace")[-2000:])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Keycloak:
    """Its administration by REST."""

    base: str
    http: httpx.Client

    def admin(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """One order, with a token of its own: they live for a minute."""
        form = {"grant_type": "password", "client_id": "admin-cli", "username": ADMIN, "password": PASSWORD}
        token = self.http.post(f"{self.base}/realms/master/protocol/openid-connect/token", data=form)
        assert token.status_code == 200, token.text
        bearer = {"Authorization": "Bearer " + token.json()["access_token"]}
        if body is not None:
            more["json"] = body
        more["headers"] = {**bearer, **more.get("headers", {})}
        answer = self.http.request(method, f"{self.base}/admin/realms{path}", **more)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def certificates(self, realm: str) -> dict[str, Any]:
        """The public keys of a realm (JWK set)."""
        return self.http.get(f"{self.base}/realms/{realm}/protocol/openid-connect/certs").json()

    def saml_metadata(self, realm: str) -> bytes:
        """The metadata of a realm as a SAML identity provider."""
        return self.http.get(f"{self.base}/realms/{realm}/protocol/saml/descriptor").content


@dataclass
class Form:
    """A form of a page."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Forms(html.parser.HTMLParser):
    """The forms of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(named.get("action", "")))
        elif tag == "input" and self.found and "name" in named:
            self.found[-1].fields[named["name"]] = named.get("value", "")


class Stuck(Exception):
    """A page without a form to send."""

    def __init__(self, address: str, answer: httpx.Response) -> None:
        self.address, self.status, self.page = address, answer.status_code, answer.text
        super().__init__(f"{answer.status_code} at {address}: {answer.text[:1500]}")

    def links(self, word: str) -> list[str]:
        """Where links of the page with this word in them lead."""
        found = re.findall(r'href="([^"]*)"', self.page)
        return [urljoin(self.address, html.unescape(link)) for link in found if word in link]


class Browser:
    """One person's browser; `seen` are the SAML answers that went through it."""

    def __init__(self, username: str = "", password: str = "") -> None:
        self.http = httpx.Client(trust_env=False, timeout=60)
        self._typed = {"username": username, "password": password, "credentialId": ""}
        self.seen: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def go(self, address: str, until: str) -> httpx.URL:
        """By redirects and forms to an address that begins with `until`. Raises `Stuck`."""
        fields: dict[str, str] | None = None
        for _ in range(STEPS):
            if address.startswith(until):
                return httpx.URL(address)
            answer = self.http.request("GET" if fields is None else "POST", address, data=fields)
            for cookie in self.http.cookies.jar:
                cookie.secure = False  # loopback counts as secure
            if answer.has_redirect_location:
                address, fields = urljoin(address, answer.headers["Location"]), None
                continue
            form = self._form(answer.text)
            if form is None:
                raise Stuck(address, answer)
            address, fields = urljoin(address, form.action), form.fields
        raise AssertionError(f"too many steps, at {address}")

    def _form(self, page: str) -> Form | None:
        for form in Forms(page).found:
            if "password" in form.fields and self._typed["username"]:
                typed, self._typed = self._typed, {"username": ""}
                return Form(form.action, {**form.fields, **typed})
            if {"SAMLRequest", "SAMLResponse"} & form.fields.keys():
                self.seen += [form.fields[name] for name in ("SAMLResponse",) if name in form.fields]
                return form
        return None
