"""Applications marked as a test go where tests are taken, and never to a destination for live ones."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import uuid4

import pytest

from gateway.errors import DestinationUnfit
from gateway.intake.body import Application
from gateway.intake.create import Intake
from gateway.model import Client, Destination, Municipality
from gateway.services.loader import load
from gateway.settings.municipality import MunicipalityFile
from gateway.wiring.channels import Channels
from gateway.wiring.municipalities import municipality
from tests.journeys.test_every_crash import World, world

ARS, CLIENT = "150900546546", Client("portal", frozenset(), frozenset())
LIVE, TEST = str(uuid4()), str(uuid4())


@pytest.fixture(scope="module")
def services():
    return load(None, {})


def town(*destinations: Destination) -> Municipality:
    return Municipality("town", ARS, "Stadt", "https://p.example", destinations)


async def findings(services, municipality, *, test: bool):
    it: World = world()
    intake = Intake(None, services, {ARS: municipality}, None, it, uuid4, lambda *_: b"")
    body = {**services.get("hund-abmelden").example(ARS), "attachments": [], "test": test}
    found = await intake.validate(CLIENT, Application.of(body))
    return {(each.pointer, each.rule) for each in found if each.pointer == "/test"}


@pytest.mark.parametrize(
    ("takes", "test", "expected"),
    [
        ("live", True, {("/test", "test_not_taken")}),
        ("live", False, set()),
        ("test", True, set()),
        ("test", False, {("/test", "only_tests_taken")}),
        ("all", True, set()),
        ("all", False, set()),
    ],
)
async def test_a_portal_is_told_at_once_where_its_kind_is_not_taken(services, takes, test, expected):
    municipality = town(Destination(LIVE, "fitconnect", ("*",), takes=takes))
    assert await findings(services, municipality, test=test) == expected


def test_each_kind_goes_to_its_own_destination(services):
    municipality = town(
        Destination(LIVE, "fitconnect", ("*",), takes="live"),
        Destination(TEST, "fitconnect", ("hausnummer",), takes="test"),
    )
    addressee = Channels._addressees(SimpleNamespace(services=services), municipality)
    assert addressee("hausnummer", False).destination_id == LIVE
    assert addressee("hausnummer", True).destination_id == TEST
    with pytest.raises(DestinationUnfit):
        addressee("hund-abmelden", True)


@pytest.mark.parametrize(("mode", "takes"), [("production", "live"), ("test", "all")])
def test_production_takes_no_tests_unless_told_to(mode, takes, tmp_path):
    values = {
        "slug": "town",
        "ars": ARS,
        "name": "Stadt",
        "public_url": "https://p.example",
        "fitconnect": {"environment": "prod", "client_id": "id", "client_secret_file": tmp_path / "s"},
        "keys": {"signing_jwk_file": tmp_path / "k"},
        "destinations": [
            {"services": ["*"], "destination_id": LIVE},
            {"services": ["hausnummer"], "destination_id": TEST, "takes": "test"},
        ],
    }
    made = municipality(MunicipalityFile.model_validate(values), mode)
    assert [each.takes for each in made.destinations] == [takes, "test"]
