"""What the how-to about monthly figures says is what the gateway takes and does."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

from gateway.catalogue.statistics.interfaces import interfaces
from gateway.catalogue.statistics.page_views import checked
from gateway.catalogue.statistics.sending import GIVEN_UP_AFTER
from gateway.settings.reading import read
from gateway.store.catalogue.feedback import HOUR_MOST, MONTH_MOST, TEXT_KEPT
from gateway.web.status.address_bounds import MOST
from tests.catalogue.entries import ENTRY

PAGE = (Path(__file__).parents[2] / "docs/how-to/report-statistics.md").read_text(encoding="utf-8")


def blocks(kind):
    return [dedent(block) for block in re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)]


def test_its_settings_are_taken(tmp_path):
    (text,) = blocks("toml")
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    section = read(tmp_path / "settings.toml").catalogue.statistics
    assert (section.smallest_group, section.sdg_key_file) == (5, tmp_path / "secrets" / "sdg")


def test_its_body_is_taken():
    (body,) = blocks("json")
    views = checked(json.loads(body), [ENTRY], interfaces().sdg, datetime(2026, 11, 2, tzinfo=UTC))
    assert views.as_json()["visits"] == 40


def test_its_numbers_are_those_of_the_code():
    page = " ".join(PAGE.split())
    for said in (
        f"At most {MOST} answers an hour from one address",
        f"{HOUR_MOST} an hour and {MONTH_MOST:,} a month",
        f"or after {TEXT_KEPT.days} days",
        f"asked again for {GIVEN_UP_AFTER.days} days",
    ):
        assert said in page
