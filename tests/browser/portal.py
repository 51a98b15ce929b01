"""A small portal for the browser tests: a relying party of its own, on https, that keeps what it is told."""

from __future__ import annotations

import base64
import http.client
import json
import secrets
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

PORTAL, GATEWAY = "https://portal.kommune.example", "https://login.tangerhuette.example"
CALLBACK, BYE = f"{PORTAL}/callback", f"{PORTAL}/bye"
CLIENT = "portal"


class Portal:
    """`came` holds every return of a browser: how it was sent, with what, and what the code gave (None: no code)."""

    def __init__(self, tls: ssl.SSLContext, secret: str) -> None:
        self._secret = secret
        self.asked: dict[str, str] = {}
        self.came: list[tuple[str, dict[str, str], dict[str, Any] | None]] = []
        self.gateway_port = 0
        self.hint = ""
        self._arrived, self._answering = threading.Event(), threading.Event()
        self._answering.set()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"portal": self}))
        self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """No more requests are answered."""
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def slow(self) -> Iterator[threading.Event]:
        """Returns of browsers are not answered meanwhile; the event: one has come."""
        self._arrived.clear()
        self._answering.clear()
        try:
            yield self._arrived
        finally:
            self._answering.set()

    def note(self, method: str, said: dict[str, str]) -> str:
        """A browser came back; who it is."""
        known = "code" in said and said.get("state") in self.asked
        gave = self.exchanged(said["code"], said["state"]) if known else None
        self.came.append((method, said, gave))
        self._arrived.set()
        self._answering.wait(20)
        return "niemand" if gave is None else gave.get("family_name", gave.get("error", ""))

    def parameters(self, **more: str) -> dict[str, str]:
        """An authorization request of a browser that begins now; a parameter that is empty is left out."""
        state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
        self.asked[state] = verifier
        challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        said = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": CALLBACK,
            "scope": "openid profile",
            "state": state,
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (said | more).items() if value}

    def link(self, **more: str) -> str:
        """The address at which a login begins."""
        return f"{GATEWAY}/oidc/authorize?{urlencode(self.parameters(**more))}"

    def leaving(self) -> dict[str, str]:
        """A request to sign out, with the ID token that is in `hint`, if one is."""
        said = {"client_id": CLIENT, "post_logout_redirect_uri": BYE, "id_token_hint": self.hint}
        return {name: value for name, value in said.items() if value}

    def exchanged(self, code: str, state: str) -> dict[str, Any]:
        """The tokens and what userinfo says, or the error."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.asked[state],
        }
        pair = base64.b64encode(f"{CLIENT}:{self._secret}".encode()).decode()
        tokens = json.loads(self.called("POST", "/oidc/token", urlencode(form), Authorization=f"Basic {pair}"))
        if "access_token" not in tokens:
            return tokens
        bearer = f"Bearer {tokens['access_token']}"
        return {**tokens, **json.loads(self.called("GET", "/oidc/userinfo", Authorization=bearer))}

    def called(self, method: str, path: str, form: str | None = None, **headers: str) -> bytes:
        """What the gateway answers to the portal's server."""
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.gateway_port, context=trusting, timeout=30)
        headers["Host"] = urlsplit(GATEWAY).netloc
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body=form, headers=headers)
            return connection.getresponse().read()
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Browsers hang up on a certificate before they take it."""


class _Handler(BaseHTTPRequestHandler):
    portal: Portal
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        said = dict(parse_qsl(place.query))
        if place.path == "/callback":
            self._came("GET", said)
        elif place.path == "/bye":
            self._page("<h1>Auf Wiedersehen</h1>")
        elif place.path == "/form":
            self._page(_form("authorize", self.portal.parameters(**said), "Anmelden"))
        elif place.path == "/":
            self._page(f'<h1>Portal</h1><a href="{escape(self.portal.link(**said))}">Anmelden</a>')
        elif place.path == "/leave":
            query = urlencode(self.portal.leaving())
            self._page(f'<a href="{escape(f"{GATEWAY}/oidc/logout?{query}")}">Abmelden</a>')
        elif place.path == "/leave-by-form":
            self._page(_form("logout", self.portal.leaving(), "Abmelden"))
        else:
            self._page("", 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        self._came("POST", dict(parse_qsl(body)))

    def _came(self, method: str, said: dict[str, str]) -> None:
        name = self.portal.note(method, said)
        self._page(f"<h1>Es kam: {escape(name)}</h1>")

    def _page(self, main: str, status: int = 200) -> None:
        raw = f'<!DOCTYPE html><html lang="de"><link rel="icon" href="data:,"><title>Portal</title>{main}'.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Addresses hold codes: they are written nowhere."""


def _form(name: str, fields: dict[str, str], text: str) -> str:
    inputs = "".join(f'<input type="hidden" name="{each}" value="{escape(value)}">' for each, value in fields.items())
    return f'<form method="post" action="{GATEWAY}/oidc/{name}">{inputs}<button>{text}</button></form>'
