"""Regions written as full keys cover what lies below them, in the subscriber's check and in routing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.sandbox.fitconnect.regions import covers

from .conftest import SCHEMA, SERVICE

if TYPE_CHECKING:
    from .conftest import Peer


@pytest.mark.parametrize(
    ("region", "wanted", "expected"),
    [
        ("DE", "DE150900546546", True),
        ("DE000000000000", "DE150900546546", True),
        ("DE150000000000", "DE150900546546", True),
        ("DE150900000000", "DE150900546546", True),
        ("DE150900546000", "DE150900546546", True),
        ("DE150900000000", "DE15090", True),
        ("DE150020000000", "DE150020000000", True),
        ("DE150900000000", "DE150910546546", False),
        ("DE150900546546", "DE150900000000", False),
        ("DE15090", "DE150900000000", True),
        ("DE100000000000", "DE150900546546", False),
        ("DE1509", "DE150900546546", True),
    ],
)
def test_a_full_key_that_ends_in_zeros_is_the_level_above(region: str, wanted: str, expected: bool) -> None:
    assert covers(region, wanted) is expected


@pytest.mark.parametrize(
    ("region", "wanted", "kind"),
    [
        ("DE150900000000", "DE150900546546", "accept-submission"),
        ("DE000000000000", "DE150900546546", "accept-submission"),
        ("DE150910000000", "DE150900546546", "reject-submission"),
    ],
)
async def test_the_subscriber_and_routing_read_full_keys(peer: Peer, region: str, wanted: str, kind: str) -> None:
    own = peer.sandbox.own_destination("automatic")
    schemas = [{"schemaUri": SCHEMA, "mimeType": "application/xml"}]
    service = {"identifier": SERVICE, "regions": [region], "submissionSchemas": schemas}
    peer.sandbox.store.put(replace(own, services=(service,)))
    assert (await peer.last(await peer.send(peer.parcel(), region=wanted)))[0] == kind
    for query in ({"ars": wanted.removeprefix("DE")}, {"ags": "15090546"}):
        answer = await peer.http.get("/routing-api/v2/routes", params={"leikaKey": SERVICE[-14:], **query})
        found = own.id in {route["destinationId"] for route in answer.json()["routes"]}
        assert found == (kind == "accept-submission")
