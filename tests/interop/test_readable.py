"""The readable application before a foreign judge: every service, example and language is PDF/UA-1 for veraPDF."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.model import Attachment
from gateway.services.loader import load
from tests.services.made_forms import made
from tests.services.test_readable_pages import AWKWARD, NAMES

pytestmark = pytest.mark.interop
HERE = Path(__file__).parent / "verapdf"
AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
FILES = (
    Attachment(
        "site_plan", "Lageplan äöüß mit einem Namen, der über die Zeile geht.pdf", "application/pdf", 9, "ab" * 32
    ),
    Attachment("power_of_attorney", "Vollmacht.pdf", "application/pdf", 12_345, "cd" * 32),
)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that judges PDFs; Maven fetches veraPDF into a directory of this run."""
    if not shutil.which("mvn") or not shutil.which("java"):
        pytest.skip("veraPDF needs Maven and Java 17: apt-get install maven default-jdk-headless")
    libraries = tmp_path_factory.mktemp("verapdf")
    fetch = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
    got = subprocess.run(
        [*fetch, f"-DoutputDirectory={libraries}"], capture_output=True, text=True, check=False, timeout=300
    )
    if got.returncode:
        pytest.skip("veraPDF cannot be had by Maven here: " + got.stdout.strip()[-300:])
    return ["java", "-cp", f"{libraries}/*", str(HERE / "Check.java")]


def judged(judge: list[str], files: list[Path]) -> list[list[str]]:
    out = subprocess.run([*judge, *map(str, files)], capture_output=True, text=True, check=True, timeout=300)
    return [line.split("\t") for line in out.stdout.splitlines()]


def test_every_readable_application_is_pdf_ua(judge: list[str], tmp_path: Path) -> None:
    files = []
    for name, service in load().items():
        for example in ("ordinary", "extreme"):
            for language in ("de", "en"):
                pdf = service.readable(
                    service.compiled.examples[example],
                    municipality_name="Einheitsgemeinde Stadt Tangerhütte",
                    received_at=AT,
                    attachments=FILES if language == "de" else (),
                    language=language,
                    names=NAMES,
                )
                files.append(tmp_path / f"{name}-{example}-{language}.pdf")
                files[-1].write_bytes(pdf)
    found = judged(judge, files)
    assert [line for line in found if line[0] != "OK"] == []
    assert len(found) == len(files) == 36
    assert all(int(line[2]) > 1000 for line in found), "so many checks were made"


def test_what_is_awkward_to_print_is_pdf_ua_too(judge: list[str], tmp_path: Path) -> None:
    files = []
    for number, (form, record) in enumerate(AWKWARD.values()):
        service = made(tmp_path / str(number), form, record)
        pdf = service.readable(record, municipality_name="Stadt", received_at=AT, attachments=FILES, names=NAMES)
        files.append(tmp_path / f"{number}.pdf")
        files[-1].write_bytes(pdf)
    assert [line for line in judged(judge, files) if line[0] != "OK"] == []


def test_the_judge_refuses_what_is_none(judge: list[str], tmp_path: Path) -> None:
    service = load().get("termin")
    pdf = service.readable(
        service.compiled.examples["ordinary"], municipality_name="Stadt", received_at=AT, attachments=()
    )
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(pdf.replace(b"/MarkInfo", b"/MarkNope"))
    found = judged(judge, [broken])
    assert [found[0][0], found[-1][0]] == ["FAILED", "BAD"]
