"""Transactions as a table and as they are sent: small groups held back, no cell a formula, months of Germany."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest

from gateway.catalogue.statistics import months
from gateway.catalogue.statistics.interfaces import interfaces
from gateway.catalogue.statistics.transactions import HEAD, MonthlyTransactions, table
from tests.catalogue.entries import ARS, ENTRY, entry

MARCH = date(2026, 3, 1)
OF_MARCH = MonthlyTransactions(ARS, MARCH, {ENTRY.service: 12, "termin": 2, "hund": 7, "nie": 0})


def rows(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_a_small_number_and_what_would_give_it_away_are_suppressed():
    head, *told = rows(table([OF_MARCH], {(ARS, ENTRY.service): ENTRY}, 5))
    assert tuple(head) == HEAD
    assert [(row[2], row[5], row[6]) for row in told] == [
        (ENTRY.service, "12", ""),
        ("hund", "", "suppressed"),
        ("termin", "", "suppressed"),
        ("total", "21", ""),
    ]
    assert told[0][:5] == ["2026-03", ARS, ENTRY.service, ENTRY.titles["de"], ENTRY.leika_key]


def test_what_is_sent_says_the_same():
    sent = OF_MARCH.as_json({ENTRY.service: ENTRY}, interfaces().transactions, 5)
    assert (sent["month"], sent["region"], sent["total"]) == ("2026-03", ARS, 21)
    assert [(line["service"], line["transactions"], line["suppressed"]) for line in sent["services"]] == [
        (ENTRY.service, 12, False),
        ("hund", None, True),
        ("termin", None, True),
    ]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", " =", "\u00a0@", "\ufeff="])
def test_no_cell_is_a_formula(begin):
    title = f'{begin}HYPERLINK("http://x")'
    evil = entry(service="termin", titles={"de": title})
    content = table([MonthlyTransactions(ARS, MARCH, {"termin": 9})], {(ARS, "termin"): evil}, 5)
    assert rows(content)[1][3] == f"'{title}"


def test_a_month_begins_and_closes_by_the_german_calendar():
    assert months.begins(date(2026, 4, 1)) == datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
    assert months.is_over(MARCH, datetime(2026, 3, 31, 22, 0, tzinfo=UTC))
    assert not months.is_over(MARCH, datetime(2026, 3, 31, 21, 59, tzinfo=UTC))
    assert months.last_closed(datetime(2026, 4, 1, 12, 0, tzinfo=UTC)) == date(2026, 2, 1)
    assert months.last_closed(datetime(2026, 4, 2, 12, 0, tzinfo=UTC)) == MARCH
    assert months.following(date(2026, 12, 1)) == date(2027, 1, 1)


@pytest.mark.parametrize("text", ["2026-13", "2026-3", "26-03", "2026-03-01", "", "٢٠٢٦-٠٣"])
def test_what_is_no_month(text):
    assert months.parsed(text) is None
