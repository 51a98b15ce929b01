"""The how-to for identity providers is walked as it stands: commands, files and link, on ports of the system."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
from html.parser import HTMLParser
from itertools import pairwise
from textwrap import dedent
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx
import pytest

from gateway.settings.reading import read, read_municipalities
from gateway.wiring.identity import IdentityProviders
from tests.demo_fixture import GATEWAY, start, stop
from tests.docs.test_how_to import HOW_TO, written

pytestmark = pytest.mark.slow

PAGE = (HOW_TO / "connect-bundid.md").read_text(encoding="utf-8")
SHELL = [dedent(block) for block in re.findall(r"^ *```sh\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)]
LINK = re.search(r"http://localhost:8080/oidc/authorize\S+", PAGE)[0]
SECRETS = next(block for block in SHELL if "keys generate" in block)


def command(words: str) -> list[str]:
    """The arguments of the one command of the page that begins so."""
    (found,) = {line for block in SHELL for line in block.splitlines() if line.startswith(f"gateway {words}")}
    return shlex.split(found)[1:]


def prepared(folder) -> None:
    """Steps 2 to 4."""
    written("connect-bundid.md", folder)
    for line in SECRETS.splitlines():
        small = ["--signing", "rsa-3072"] if "keys generate" in line else []
        arguments = [*GATEWAY, *shlex.split(line)[1:], *small] if small else ["/bin/sh", "-c", line]
        done = subprocess.run(arguments, cwd=folder, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr


class Form(HTMLParser):
    """The first form of a page, its first button pressed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action, self.fields = "", dict[str, str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found["action"]
        elif tag in {"input", "button"} and "name" in found:
            self.fields.setdefault(found["name"], found.get("value", ""))


def logged_in(link: str, until: str) -> dict[str, str]:
    """What a browser is brought back with: it follows redirects and takes the first choice of each page."""
    with httpx.Client(timeout=60, trust_env=False) as browser:
        address, fields = link, None
        while not address.startswith(until):
            answer = browser.request("GET" if fields is None else "POST", address, data=fields)
            if answer.has_redirect_location:
                address, fields = urljoin(address, answer.headers["location"]), None
                continue
            assert answer.status_code == 200, answer.text
            form = Form(answer.text)
            address, fields = urljoin(address, form.action), form.fields
    return dict(parse_qsl(urlsplit(address).query))


def test_a_stranger_comes_from_nothing_to_a_login_by_a_sandbox_of_its_own(tmp_path):
    prepared(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ours = taken.getsockname()[1]

    def here(text: str) -> str:
        return text.replace("localhost:8080", f"localhost:{ours}").replace("8080", str(ours))

    sandbox_at = [here(word) for word in command("sandbox identity")]
    sandbox_at[sandbox_at.index("8090")] = "0"
    sandbox, told = start(*sandbox_at, cwd=tmp_path)
    processes = [sandbox]
    try:
        town = tmp_path / "towns/tangermuende.toml"
        text = here(town.read_text(encoding="utf-8")).replace("http://127.0.0.1:8090/idp", told["idp_metadata"])
        town.write_text(text, encoding="utf-8")
        lines = checked(tmp_path)
        assert {name for name, line in lines.items() if not line["ok"]} <= {"fitconnect_token tangermuende"}
        assert lines["logins portal"]["detail"] == "tangermuende"
        assert told["idp_metadata"] in lines["identity_provider tangermuende bundid"]["detail"]
        serve, _ = start(*map(here, command("serve")), "--no-worker", cwd=tmp_path)
        processes.append(serve)
        back = logged_in(here(LINK), "http://localhost:9000/callback")
        person = exchanged(tmp_path, here(exchange()), back["code"])
        assert person["family_name"] in told["persons"][0]["name"]
    finally:
        for process in reversed(processes):
            stop(process)


def checked(folder) -> dict[str, Any]:
    done = subprocess.run(
        [*GATEWAY, *command("check"), "--json"], cwd=folder, capture_output=True, timeout=120, check=False
    )
    assert done.returncode in {0, 2, 4}, done.stderr
    return {line["check"]: line for line in map(json.loads, done.stdout.splitlines())}


def exchange() -> str:
    return next(block for block in SHELL if "authorization_code" in block)


def exchanged(folder, block: str, code: str) -> dict[str, Any]:
    """What both curl commands of the page give for this code, here without curl."""
    token, userinfo = (shlex.split(each) for each in re.split(r"\n(?=curl)", block.replace("\\\n", "").strip()))
    form = dict(each.replace("CODE", code).split("=", 1) for flag, each in pairwise(token) if flag == "-d")
    secret = (folder / "secrets/portal").read_text(encoding="utf-8").strip()
    tokens = httpx.post(token[-1], data=form, auth=("portal", secret), trust_env=False).json()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    answer: dict[str, Any] = httpx.get(userinfo[-1], headers=bearer, trust_env=False).json()
    return answer


def test_the_identity_provider_of_the_page_is_taken_with_keys_made_by_its_command(tmp_path):
    prepared(tmp_path)
    settings = read(tmp_path / "settings.toml")
    (provider,) = IdentityProviders(settings, read_municipalities(settings)).of("150900550550")
    assert not provider.enabled  # its metadata were not fetched yet
    assert b'entityID="https://login.tangermuende.example"' in provider.metadata()
    assert provider.acs_url == "http://localhost:8080/saml/tangermuende/bundid/acs"
    assert "/saml/tangermuende/bundid/metadata" in PAGE
