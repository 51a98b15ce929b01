"""Entries to try things with."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from gateway.catalogue.entry import Entry, FurtherLink, Maturity, TextModule, Unit

ARS = "150900546546"
UNIT = Unit("rathaus", {"de": "Stadt Tangerhütte"}, "Bismarckstraße 5", "39517", "Tangerhütte")
ENTRY = Entry(
    municipality=ARS,
    service="hausnummer",
    delivered_by="gateway",
    leika_key="99012021002000",
    titles={"de": "Hausnummer beantragen", "en": "Apply for a house number"},
    url="https://rathaus.example/hausnummer",
    modules=(TextModule("06", {"de": "<p>Für ein Grundstück</p>"}, (FurtherLink("https://a.example/", {"de": "A"}),)),),
    languages=("de", "en"),
    maturities=(Maturity("2.0", 3, date(2026, 1, 31), {"1": "erfüllt"}),),
    unit=UNIT,
    valid_from=date(2026, 1, 1),
)


def entry(**changes: Any) -> Entry:
    return replace(ENTRY, **changes)
