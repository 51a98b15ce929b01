"""The how-to for the catalogue is walked as it stands: files, commands, the report, on ports of the system."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from textwrap import dedent
from typing import Any

import pytest

from gateway.catalogue.probes.page import ProbeReason
from gateway.catalogue.status import FindingCode
from tests.demo_fixture import GATEWAY, http, start, stop
from tests.docs.test_how_to import HOW_TO, written

pytestmark = pytest.mark.slow

PAGE = (HOW_TO / "publish-your-offer.md").read_text(encoding="utf-8")
SHELL = [dedent(block) for block in re.findall(r"^ *```sh\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)]
ENTRY = "wohnsitz-anmelden"


class Town:
    """A directory as the page has it; what the page writes as 8080 and 8091 are other ports here."""

    def __init__(self, folder, sandbox: dict[str, Any]) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.serves_at = "http://127.0.0.1:8080"
        self.here("http://127.0.0.1:8091", sandbox["pvog"].removesuffix("/suchdienst/api"))

    def here(self, written_as: str, is_at: str) -> None:
        """In every file of the page that address is the one of this test."""
        for file in self.folder.rglob("*.toml"):
            file.write_text(file.read_text(encoding="utf-8").replace(written_as, is_at), encoding="utf-8")

    def run(self, words: str, expected: int = 0, *more: str) -> str:
        """The command of the page that begins so; what it wrote."""
        done = subprocess.run(
            [*GATEWAY, *command(words), *more], cwd=self.folder, capture_output=True, timeout=120, check=False
        )
        assert done.returncode == expected, done.stderr
        return done.stdout.decode()

    def listed(self) -> dict[str, dict[str, Any]]:
        """What `gateway catalogue list` says, by service."""
        return {line["service"]: line for line in map(json.loads, self.run("catalogue list", 0, "--json").splitlines())}


def command(words: str) -> list[str]:
    """The arguments of the command of the page that begins so; what follows a pipe is left out."""
    (found,) = {
        line.split(" | ")[0] for block in SHELL for line in block.splitlines() if line.startswith(f"gateway {words}")
    }
    return shlex.split(found)[1:]


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offer")
    written("publish-your-offer.md", folder)
    for line in next(block for block in SHELL if "keys generate" in block).splitlines():
        made = [*GATEWAY, *shlex.split(line)[1:]] if line.startswith("gateway") else ["/bin/sh", "-c", line]
        subprocess.run(made, cwd=folder, capture_output=True, timeout=120, check=True)
    sandbox_at = command("sandbox catalogue")
    assert "8091" in sandbox_at
    sandbox, told = start(*(word for word in sandbox_at if word != "--json"), *(["--port", "0"]))
    processes = [sandbox]
    try:
        it = Town(folder, told)
        it.run("catalogue check")
        serving = [word.replace("8080", "0") for word in command("serve")]
        serve, line = start(*serving, "--no-worker", cwd=folder)
        processes.append(serve)
        it.serves_at = line["base_url"]
        yield it
    finally:
        for process in reversed(processes):
            stop(process)


def test_the_offer_is_exported_listed_and_probed(town):
    assert town.listed()["saalbuchung"]["findings"] == ["no_leika"]
    town.run("catalogue export --out")
    index = (town.folder / "bismark-xzufi/index.txt").read_bytes()
    assert http("GET", f"{town.serves_at}/catalogue/xzufi/index.txt")[2] == index
    town.run("catalogue readback")
    before = town.listed()
    assert [before[service]["listed"] for service in ("hausnummer", ENTRY)] == [False, False]
    assert "missing_in_pvog" in before[ENTRY]["findings"]
    shown = town.run(f"catalogue show {ENTRY}", 0, "--lang", "en")
    assert re.search(r"missing_in_pvog \(pvog, since .*expected: ", shown)
    (pull,) = re.findall(r"-X POST \"\$ADMIN(\S+)\" -d '(.*)'", PAGE)
    body = json.loads(pull[1].replace("http://127.0.0.1:8080", town.serves_at))
    status, _, taken = http("POST", town.sandbox["admin"] + pull[0], body)
    assert (status, taken["faults"]) == (200, [])
    town.run("catalogue readback")
    after = town.listed()
    assert [(after[service]["listed"], after[service]["findings"]) for service in ("hausnummer", ENTRY)] == [
        (True, []),
        (True, []),
    ]
    assert "saalbuchung  " in town.run("catalogue probe")
    assert [town.listed()[service]["works"] for service in ("hausnummer", ENTRY)] == [True, True]
    status, _, page = http("GET", f"{town.serves_at}/status/150900070070")
    assert status == 200
    assert "Wohnsitz anmelden" in page.decode()


def test_the_report_verifies_by_the_page_and_by_a_library_that_is_not_ours(town):
    town.run("catalogue report")
    keys = http("GET", f"{town.serves_at}/oidc/jwks.json")[2]
    (town.folder / "keys.json").write_text(json.dumps(keys), encoding="utf-8")
    assert json.loads(town.run("catalogue verify-report", 0, "--json"))["trust"] == "given"
    foreign = [sys.executable, "check_report.py"]
    done = subprocess.run(foreign, cwd=town.folder, capture_output=True, timeout=60, check=True)
    assert done.stdout == b"good\n"
    report = town.folder / "report.json"
    report.write_bytes(report.read_bytes().replace(b"Bismark", b"Bismarck", 1))
    town.run("catalogue verify-report", 1)
    assert subprocess.run(foreign, cwd=town.folder, capture_output=True, timeout=60, check=False).returncode != 0


def test_every_finding_has_its_row():
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert rows == {code.value for code in FindingCode}


def test_the_german_chapter_names_every_finding_and_every_reason_of_a_probe():
    handbook = (HOW_TO.parent / "betrieb/README.md").read_text(encoding="utf-8")
    (chapter,) = re.findall(r"^## Angebot im OZG-Katalog\n.*?(?=^## )", handbook, re.DOTALL | re.MULTILINE)
    told = set(re.findall(r"`(\w+)`", chapter))
    assert {*(code.value for code in FindingCode), *(reason.value for reason in ProbeReason)} - told == set()


def test_a_file_that_is_gone_withdraws_nothing_and_the_word_of_the_page_does(town):
    assert 'life_cycle = "withdrawn"' in PAGE
    file = town.folder / f"towns/bismark/{ENTRY}.toml"
    whole = file.read_text(encoding="utf-8")
    file.unlink()
    assert "entry_vanished" in town.run("catalogue check", 3)
    assert json.loads(town.run("catalogue export --out", 0, "--json"))["services"] == 2
    file.write_text(whole.replace("format = 1", 'format = 1\nlife_cycle = "withdrawn"', 1), encoding="utf-8")
    town.run("catalogue export --out", 2)
    assert json.loads(town.run("catalogue export --allow-loss", 0, "--json"))["services"] == 1
