"""Monthly figures by the commands, with the catalogue sandbox and a served gateway as processes of their own."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import psycopg
import pytest

from gateway.catalogue.statistics import months
from tests.catalogue_gateway import PAGES, written
from tests.commands import run
from tests.demo_fixture import ARS, http
from tests.forked import serving

MONTH = months.last_closed(datetime.now(UTC))
WRITTEN = months.written(MONTH)
SAID = "Zu lang, sagt Frau Müßiggang"
COUNTED = "INSERT INTO transaction_counts VALUES (%s, %s, %s, %s, now())"


@pytest.fixture
def sandbox():
    with serving("sandbox", "catalogue", "--port", "0") as line:
        yield line


@pytest.fixture
def config(tmp_path, postgres_dsn):
    return written(tmp_path, postgres_dsn)


@pytest.fixture
def sending(config, sandbox):
    """The settings with both counterparts."""
    (config.parent / "sdg.key").write_text(sandbox["sdg"]["key"])
    (config.parent / "transactions.token").write_text(sandbox["transactions"]["token"])
    more = f"""[server]
port = 0
[catalogue.statistics]
sdg = "{sandbox["sdg"]["address"]}"
sdg_key_file = "sdg.key"
transactions = "{sandbox["transactions"]["address"]}"
transactions_token_file = "transactions.token"
"""
    config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
    return config


@pytest.fixture
def counted(postgres_dsn):
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        for service, number in (("hausnummer", 12), ("geburtsurkunde", 6), ("hund-anmelden", 2)):
            connection.execute(COUNTED, (ARS, service, MONTH, number))
        connection.execute(COUNTED, (ARS, "hausnummer", datetime.now(UTC).date(), 99))


def statistics(config, *arguments):
    ended = run("catalogue", "statistics", *arguments, "--config", config, "--json")
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def handed_in(tmp_path, **changed):
    line = {"service": "hausnummer", "country": "DE", "device": "PC", "visits": 40}
    file = tmp_path / "views.json"
    file.write_text(json.dumps({"municipality": ARS, "month": WRITTEN, "entries": [line], **changed}))
    return file


def received(sandbox):
    return http("GET", f"{sandbox['admin']}/state")[2]["received"]


def test_views_are_taken_in_sent_and_corrected(sending, sandbox, tmp_path):
    code, lines, _ = statistics(sending, "import", handed_in(tmp_path))
    assert (code, lines[0]["visits"], lines[0]["services"]) == (0, 40, ["hausnummer"])
    code, lines, _ = statistics(sending, "send", "--month", WRITTEN)
    assert (code, [(line["kind"], line["state"], line["tries"]) for line in lines]) == (0, [("views", "delivered", 1)])
    (sent,) = received(sandbox)
    assert sent["body"]["uniqueId"] == lines[0]["transfer_id"]
    assert sent["body"]["sources"][0]["source"]["sourceUrl"] == f"{PAGES}/hausnummer"
    statistics(
        sending,
        "import",
        handed_in(
            tmp_path,
            entries=[
                {"url": f"{PAGES}/hausnummer", "country": "DE", "device": "PC", "visits": 41},
            ],
        ),
    )
    assert statistics(sending, "send")[0] == 0
    assert [each["corrects"] for each in received(sandbox)] == [False, True]


def test_every_fault_of_a_file_is_told(config, tmp_path):
    code, lines, said = statistics(config, "import", handed_in(tmp_path, month="2026-13", note="x", entries=[{}]))
    assert (code, lines) == (3, [])
    for rule in ("[unknown_member]", "[month]", "[page]", "[country]", "[device]", "[visits]"):
        assert rule in said
    (tmp_path / "list.json").write_text("[]")
    assert statistics(config, "import", tmp_path / "list.json")[0] == 3


def test_transactions_are_a_table_of_closed_months_that_spreadsheets_may_open(config, counted, tmp_path):
    out = tmp_path / "transactions.csv"
    code, lines, _ = statistics(config, "export", "--out", out)
    assert (code, lines[0]["months"], lines[0]["municipalities"]) == (0, [WRITTEN], [ARS])
    rows = list(csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert [(row["service"], row["transactions"], row["suppressed"]) for row in rows] == [
        ("geburtsurkunde", "", "suppressed"),
        ("hausnummer", "12", ""),
        ("hund-anmelden", "", "suppressed"),
        ("total", "20", ""),
    ]
    assert rows[1]["leika_key"] == "99012021002000"
    assert not [cell for row in rows for cell in row.values() if cell.startswith(tuple("=+-@\t\r"))]
    running = months.written(datetime.now(UTC).date())
    for options in (("--month", running), ("--month", "gestern"), ("--municipality", "000000000000")):
        code, _, said = statistics(config, "export", "--out", tmp_path / "no.csv", *options)
        assert (code != 0, bool(said)) == (True, True)
    assert not (tmp_path / "no.csv").exists()


def test_transactions_are_sent_and_a_wrong_token_is_told_until_it_is_right(sending, sandbox, counted):
    token = sending.parent / "transactions.token"
    right = token.read_text()
    token.write_text("wrong")
    code, lines, _ = statistics(sending, "send")
    assert (code, [(line["state"], line["error"]) for line in lines]) == (3, [("failed", "counterpart_refused")])
    alarms = run("alarms", "list", "--config", sending, "--json")
    (alarm,) = [json.loads(line) for line in alarms.stdout.splitlines()]
    assert (alarm["rule"], alarm["municipality"]) == ("statistics_unsent", ARS)
    assert alarm.keys() >= {"rule", "severity", "municipality", "service", "submission_id", "since", "de", "en"}
    assert (alarm["severity"], alarm["since"]) == ("warning", alarm["raised_at"])
    token.write_text(right)
    assert statistics(sending, "send")[0] == 0
    (sent,) = received(sandbox)
    assert (sent["body"]["total"], len(sent["body"]["services"])) == (20, 3)
    assert run("alarms", "list", "--config", sending, "--json").stdout == ""


def test_without_a_counterpart_nothing_is_sent_and_nobody_is_asked(config):
    code, lines, said = statistics(config, "send")
    assert (code, lines) == (1, [])
    assert "catalogue.statistics" in said


def test_what_somebody_says_on_the_form_is_encrypted_sent_and_gone(sending, sandbox, postgres_dsn):
    run("catalogue", "list", "--config", sending)
    with serving("serve", "--config", sending, "--no-worker") as line:
        form = f"{line['base_url']}/status/{ARS}/hausnummer/feedback"
        status, headers, page = http("GET", form)
        assert (status, "set-cookie" in headers) == (200, False)
        assert "Hausnummer beantragen" in page.decode()
        answers = {"category": "Procedure", "rating": "2", "found": "No", "text": SAID}
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        status, _, thanks = http("POST", form, urlencode(answers).encode(), kind)
        assert (status, "Vielen Dank" in thanks.decode()) == (200, True)
        assert http("POST", form, urlencode(answers).encode(), {**kind, "Sec-Fetch-Site": "cross-site"})[0] == 403
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        dump = connection.execute("SELECT string_agg(feedback::text, ' ') FROM feedback").fetchone()[0]
        assert "ggang" not in dump
        assert SAID.encode().hex() not in dump
        connection.execute("UPDATE feedback SET month = %s, created_at = %s", (MONTH, MONTH))
        code, lines, _ = statistics(sending, "send")
        assert (code, [(line["kind"], line["state"]) for line in lines]) == (0, [("feedback", "delivered")])
        assert connection.execute("SELECT free_text, data_key FROM feedback").fetchall() == [(None, None)]
    (sent,) = received(sandbox)
    assert sent["body"]["feedbacks"][0]["feedback"]["helpUsImprove"] == SAID
