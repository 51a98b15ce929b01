"""A whole demo leaves no personal value where none may stand: logs, figures, job table, plain columns."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from gateway.store.server import embedded
from tests.demo_fixture import Portal, http

PERSONAL = ["Müller-Łukasiewicz", "Jürgen", "juergen.mueller@example.org", "Straße der Jugend", "Wasserflugzeug-Scan"]


@pytest.fixture(scope="module")
def scanned(line: dict, portal: Portal) -> tuple[dict, dict[str, str]]:
    body = portal.body()
    body["record"]["wish"]["remark"] = "Wasserflugzeug-Scan"
    body["attachments"][0]["filename"] = "Lageplan Jürgen.pdf"
    status, _, made = portal.create(body)
    assert status == 201
    assert portal.followed(made["id"])["state"] == "accepted"
    refused = portal.create({**body, "record": {**body["record"], "reason": "Wasserflugzeug-Scan"}})
    assert refused[0] == 422
    assert portal.call("GET", "/submissions/Wasserflugzeug-Scan")[0] == 404
    home = Path(line["config"]).parent
    logs = [path for path in home.rglob("*log*") if path.is_file()]
    found = {str(path.relative_to(home)): path.read_text(errors="replace") for path in logs}
    found["metrics"] = http("GET", line["metrics"])[2].decode()
    with psycopg.connect(embedded.start(home / "data").dsn) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in names:
            rows = connection.execute(f'SELECT t::text FROM "{name}" AS t').fetchall()
            found[f"table {name}"] = "\n".join(row for (row,) in rows)
    return made, found


def test_the_scan_sees_what_it_is_about(scanned):
    made, found = scanned
    assert made["id"] in found["table submissions"]
    assert {"table procrastinate_jobs", "table blob_frames", "table journal", "table evidence", "metrics"} <= set(found)
    assert "gateway" in found["metrics"]
    assert any(name.endswith("serve.log") for name in found)


@pytest.mark.parametrize("value", PERSONAL)
def test_no_personal_value_stands_in_the_clear(scanned, value):
    spellings = {value, value.encode().hex(), value.encode("unicode_escape").decode()}
    where = {name for name, text in scanned[1].items() if any(each.lower() in text.lower() for each in spellings)}
    assert where == set()
