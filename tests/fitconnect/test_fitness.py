"""Which regions of a destination cover a municipality.

Regional keys: Land 2, Regierungsbezirk 1, Kreis 2, Gemeindeverband 4, Gemeinde 3 digits (Statistisches Bundesamt, ARS).
"""

from __future__ import annotations

import pytest

from gateway.errors import DestinationUnfit
from gateway.fitconnect import fitness
from gateway.fitconnect.wire import DestinationOffer, Inbox

URN, SCHEMA = "urn:de:fim:leika:leistung:99012021002000", ("urn:x", "application/xml")


def region_of(ars: str, *regions: str) -> str:
    inbox = Inbox("d", "active", "k", ("2.0.0",), (DestinationOffer(URN, regions, frozenset({SCHEMA})),))
    return fitness.fit(inbox, identifier=URN, ars=ars, schema_uri=SCHEMA[0], media_type=SCHEMA[1])[1]


@pytest.mark.parametrize(
    "region",
    ["DE", "DE15", "DE15090", "DE150900546546", "DE000000000000", "DE150000000000", "DE150900000000", "DE150900546000"],
)
def test_a_region_covers_what_lies_below_it(region: str) -> None:
    assert region_of("150900546546", region) == region


@pytest.mark.parametrize("region", ["DE14", "DE140000000000", "DE150910000000", "DE150900546547", "DE1509005465460"])
def test_a_region_covers_nothing_beside_it(region: str) -> None:
    with pytest.raises(DestinationUnfit):
        region_of("150900546546", region)


def test_the_closest_region_counts_however_it_is_written() -> None:
    assert region_of("150900546546", "DE000000000000", "DE15", "DE150900000000") == "DE150900000000"
    assert region_of("150900546546", "DE150000000000", "DE15090") == "DE15090"
    assert region_of("110000000000", "DE", "DE110000000000") == "DE110000000000"
