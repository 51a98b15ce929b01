"""`gateway check` asks of each destination whether it takes the services that go there."""

from __future__ import annotations

from types import SimpleNamespace

from gateway.errors import DestinationUnfit, TokenRefused
from gateway.model import Destination, Municipality
from gateway.operators.checks import Checks
from tests.shipped_services import own_services

ARS = "150900546546"
NAMED = Destination("1", "fitconnect", ("hausnummer", "termin"))
REST = Destination("2", "fitconnect", ("*",))


class Channel:
    """Takes house numbers and dogs, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, str, bool]] = []

    async def check_service(self, service: str, ars: str, uri: str, media_type: str, *, test: bool) -> str:
        self.asked.append((service, ars, uri, media_type, test))
        if service not in {"hausnummer", "hund-anmelden"}:
            raise DestinationUnfit(rule="schema")
        return "fits"


async def test_a_service_that_its_destination_does_not_take_is_told_before_a_portal_sends_one() -> None:
    channel, services = Channel(), own_services()
    town = Municipality("t", ARS, "Stadt", "https://t.example", (NAMED, REST))
    rows = {row.check: row for row in await Checks("de").services(town, channel, services, NAMED)}
    assert {name: row.ok for name, row in rows.items()} == {
        "service t hausnummer 1": True,
        "service t termin 1": False,
    }
    assert "schema" in rows["service t termin 1"].remedy
    assert channel.asked[0] == (
        "hausnummer",
        ARS,
        services.get("hausnummer").schema_uri,
        "application/xml",
        False,
    )
    rest = await Checks("de").services(town, channel, services, REST)
    assert len(rest) == len(services.ids()) - 2
    assert all(row.ok for row in rest), "where a destination takes every other service, a misfit is told only"
    assert [row.check for row in rest if "schema" not in row.detail] == ["service t hund-anmelden 2"]


async def test_a_token_that_is_refused_is_told_once_and_not_again_for_each_destination() -> None:
    async def refused(*_: object) -> str:
        raise TokenRefused(host="auth.example")

    town = Municipality("t", ARS, "Stadt", "https://t.example", (NAMED, REST))
    channel = SimpleNamespace(check_token=refused, check_destination=refused)
    lines = await Checks("de").municipality(town, {(ARS, "fitconnect"): channel}, own_services(), refused)
    assert [line.check for line in lines] == ["signing_key t", "fitconnect_token t"]
