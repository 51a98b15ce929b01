"""What counts as a PNG image: whole, unharmed, and nothing beside it."""

from __future__ import annotations

import pytest

from gateway.input.png import SIGNATURE, size
from tests.images import chunk, png

IMAGE = png()
HTML = b"<script>alert(1)</script>"


def test_an_image_has_its_size():
    assert size(IMAGE) == (120, 40)
    assert size(png(1, 2, chunk(b"tEXt", b"Title\0Wappen"))) == (1, 2)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        SIGNATURE,
        b"\xff\xd8\xff\xe0 a JPEG",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        HTML + IMAGE,
        IMAGE + HTML,
        IMAGE + chunk(b"tEXt", b"behind the end"),
        IMAGE + IMAGE,
        SIGNATURE + chunk(b"IHDR", b"\0" * 4) + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
        SIGNATURE + chunk(b"IDAT", b"") + chunk(b"IEND", b""),
        SIGNATURE + chunk(b"IHDR", b"\0\0\0\1" * 2 + b"\x08\0\0\0\0") + chunk(b"IEND", b""),
        png(0, 1),
        png(1, 0),
        IMAGE.replace(b"IDAT", b"iDAT"),
    ],
)
def test_everything_else_is_none(content):
    assert size(content) is None


def test_no_part_of_an_image_is_one_and_none_with_a_byte_changed():
    small = png(2, 2)
    for at in range(len(small)):
        assert size(small[:at]) is None
        assert size(small[:at] + bytes([small[at] ^ 1]) + small[at + 1 :]) is None
