"""Logos as the municipalities' files name them: taken whole, or refused with what is wrong and the way out."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.errors import SettingsInvalid
from gateway.web.pages.appearance import Appearance
from gateway.wiring import refusals
from gateway.wiring.appearance import BYTES_MOST, PIXELS_MOST, appearances, attempts
from tests.images import chunk, png


def town(slug: str, ars: str, logo: Path | None):
    return SimpleNamespace(
        slug=slug, ars=ars, identity=SimpleNamespace(logo=logo, imprint_url=None, privacy_url="https://town.example/")
    )


@pytest.fixture
def file(tmp_path):
    return tmp_path / "logo.png"


def test_a_town_has_the_logo_that_its_file_names(file):
    file.write_bytes(png(120, 40))
    found = appearances([town("one", "1", file), town("two", "2", None)])
    assert found["2"] == Appearance(None, None, "https://town.example/")
    logo = found["1"].logo
    assert (logo.content, logo.width, logo.height) == (png(120, 40), 120, 40)
    assert logo.address.startswith("/logo/")
    file.write_bytes(png(120, 40, grey=1))
    assert appearances([town("one", "1", file)])["1"].logo.address != logo.address
    assert "PNG" not in repr(logo)


def test_the_largest_one_is_taken(file):
    bare = png(PIXELS_MOST, 1)
    filling = chunk(b"tEXt", bytes(BYTES_MOST - len(bare) - 12))
    file.write_bytes(png(PIXELS_MOST, 1, filling))
    assert file.stat().st_size == BYTES_MOST
    assert appearances([town("one", "1", file)])["1"].logo.width == PIXELS_MOST


@pytest.mark.parametrize(
    ("content", "german"),
    [
        (None, "Die Datei fehlt."),
        (b"", "Die Datei ist leer."),
        (b"\xff\xd8\xff\xe0", "Die Datei ist kein PNG-Bild"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Die Datei ist kein PNG-Bild"),
        (png() + b"<script>", "Die Datei ist kein PNG-Bild"),
        (png(1, 1, chunk(b"tEXt", bytes(BYTES_MOST))), "Das Bild ist zu groß."),
        (png(PIXELS_MOST + 1, 1), "Das Bild ist zu groß."),
        (png(1, PIXELS_MOST + 1), "Das Bild ist zu groß."),
    ],
    ids=["missing", "empty", "JPEG", "SVG", "more behind it", "bytes", "width", "height"],
)
def test_what_is_no_logo_is_refused_with_the_way_out(file, content, german):
    if content is not None:
        file.write_bytes(content)
    (finding,) = refusals.faults(attempts([town("one", "1", file)]))
    assert (finding.pointer, finding.rule) == (f"one.identity.logo: {file}", "logo")
    assert finding.de.startswith(german)
    assert "100.000 Bytes" in finding.de
    assert "100,000 bytes" in finding.en
    with pytest.raises(SettingsInvalid):
        appearances([town("one", "1", file)])
