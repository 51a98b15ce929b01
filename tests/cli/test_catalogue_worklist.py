"""`gateway catalogue worklist`: rows of what a read-back saw, files beside each other, counts that agree everywhere."""

from __future__ import annotations

import csv
import io
import json

import psycopg

from tests.catalogue_gateway import written
from tests.commands import run
from tests.demo_fixture import http
from tests.forked import serving

FINDINGS = """
INSERT INTO catalogue_findings (municipality, service, code, source, place, expected, found, leika_key, since) VALUES
('150900546546', 'hausnummer', 'url_mismatch', 'pvog', 'L1.OD.7', 'https://neu.example/', 'https://alt.example/',
    '99012021002000', now()),
('150900546546', NULL, 'orphan', 'datahub', '99099099099099/150900546546', NULL, '=1+1', '99099099099099', now())
"""


def spreadsheet(path, delimiter):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), delimiter=delimiter))


def test_each_difference_is_a_row_and_the_files_say_the_same(tmp_path, postgres_dsn):
    config = written(tmp_path, postgres_dsn)
    assert run("catalogue", "list", "--config", config, "--json").returncode == 0
    assert "Nichts zu tun." in run("catalogue", "worklist", "--config", config).stderr
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(FINDINGS)
    ended = run("catalogue", "worklist", "--config", config, "--json")
    change, delete = map(json.loads, ended.stdout.splitlines())
    assert (change["action"], change["entry"], change["place"]) == ("ändern", "hausnummer", "L1.OD.7")
    assert (change["old"], change["new"]) == ("https://alt.example/", "https://neu.example/")
    assert (delete["action"], delete["entry"], delete["old"]) == ("löschen", None, "=1+1")
    out = tmp_path / "list"
    done = run("catalogue", "worklist", "--out", out, "--config", config, "--json")
    assert json.loads(done.stdout) == {"rows": 2, "services": 22, "out": str(out)}
    lines = spreadsheet(out / "worklist.csv", ";")
    assert [line["Aktion"] for line in lines] == ["ändern", "löschen"]
    assert lines[1]["Alt"] == "'=1+1"
    assert "Zu löschen" in (out / "worklist.html").read_text(encoding="utf-8")
    assert "ändern" in run("catalogue", "worklist", "--config", config).stdout
    beside = run("catalogue", "worklist", "--out", config, "--config", config)
    assert (beside.returncode, "Traceback" in beside.stderr) == (2, False)


def test_counts_of_export_page_report_and_open_data_agree(tmp_path, postgres_dsn):
    config = written(tmp_path, postgres_dsn)
    config.write_text(config.read_text(encoding="utf-8") + "[server]\nport = 0\n", encoding="utf-8")
    exported = json.loads(run("catalogue", "export", "--config", config, "--json").stdout)
    assert run("catalogue", "worklist", "--out", tmp_path / "out", "--config", config).returncode == 0
    content = (tmp_path / "out" / "open-data.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    with serving("serve", "--config", config, "--no-worker") as line:
        base = line["base_url"]
        assert http("GET", f"{base}/catalogue/open-data.csv")[2] == content
        report = http("GET", f"{base}/catalogue/report")[2]
        page = http("GET", f"{base}/status/150900546546?lang=de")[2].decode()
    (counts,) = [each["counts"] for each in report["municipalities"]]
    with_key = sum(bool(row["leika_key"]) for row in rows)
    assert (len(rows), with_key) == (counts["claimed"], counts["with_leika_key"]) == (22, 16)
    assert (exported["services"], exported["objects"]["Onlinedienst"]) == (with_key, with_key)
    assert "22 Online-Dienste" in page
    assert all(row["url"] in page or row["leika_name"] in page for row in rows)
