"""The page about the report names every member, and its example verifies one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jwcrypto.jws import InvalidJWSSignature

from gateway.catalogue.publication.report import of_town, signed
from gateway.crypto.keys import generate_ed25519, private_key
from tests.catalogue.entries import ARS
from tests.catalogue.publication.offers import NOW, TODAY, Rows, publication

PAGE = (Path(__file__).parents[2] / "docs/reference/availability-report.md").read_text(encoding="utf-8")
KEY = private_key(generate_ed25519("gateway-evidence")[0])


@pytest.fixture
async def report():
    return signed([of_town(await publication(Rows()).town(ARS))], TODAY, NOW, KEY)


def names(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            if name not in {"keys", "title"}:  # JWKs and languages have names of their own
                yield from names(inner)
    elif isinstance(value, list):
        for each in value:
            yield from names(each)


async def test_every_member_is_told(report):
    told = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`\n]+)`", PAGE))))
    assert set(names(json.loads(report.body))) - told == set()


async def test_the_example_verifies_a_report_and_refuses_a_changed_one(report):
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    given = {"token": report.signature, "report": report.body, "keys": {"keys": [dict(KEY.public_jwk)]}}
    exec(example, dict(given))
    with pytest.raises(InvalidJWSSignature):
        exec(example, {**given, "report": report.body.replace(b"22", b"23", 1)})
