"""What operators and portals read of logins: settings that are taken, reasons and numbers that there are."""

from __future__ import annotations

import re
from textwrap import dedent

from gateway.settings.reading import read
from tests.docs.test_how_to import HOW_TO

DOCS = HOW_TO.parent


def test_the_portal_and_the_app_of_the_page_are_taken(tmp_path):
    page = (HOW_TO / "log-people-in.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```toml\n(.*?)^ *```", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "settings.toml").write_text("".join(map(dedent, blocks)), encoding="utf-8")
    portal, app, _ = read(tmp_path / "settings.toml").clients  # the last is for the conformance suite
    assert (portal.redirect_uris, portal.public) == (("https://portal.example/callback",), False)
    assert (app.public, app.portal) == (True, portal.id)


def test_each_reason_that_the_handbook_explains_is_one_that_the_log_may_name():
    handbook = (DOCS / "betrieb/README.md").read_text(encoding="utf-8")
    table = handbook.partition("| Grund | Was tun |")[2].partition("\n\n")[0]
    reasons = set(re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\|([^|]*)\|", table, re.MULTILINE))))
    known = set(re.findall(r"^\| `(\w+)` \|", (DOCS / "reference/login-refusals.md").read_text("utf-8"), re.MULTILINE))
    assert len(reasons) > 10
    assert reasons <= known
