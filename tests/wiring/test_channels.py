"""A destination has the channel; the row's channel decides by which way its submission goes."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from gateway.errors import DestinationUnfit
from gateway.fitconnect.channel import FitConnectChannel
from gateway.fitconnect.limits import FITCONNECT
from gateway.model import Destination, Municipality, State
from gateway.wiring.channels import LIMITS, Channels
from tests.journeys.test_every_crash import ARS, Channel, worker, world
from tests.shipped_services import own_services

TOWN = Municipality("town", ARS, "Stadt", "https://p.example")


def test_every_channel_has_the_times_of_its_counterpart():
    assert {FITCONNECT: FitConnectChannel.limits} == LIMITS


def test_fit_connect_does_not_send_to_a_destination_of_another_channel():
    def addressee(channel):
        town = replace(TOWN, destinations=(Destination("d", channel, ("*",)),))
        return Channels._addressees(SimpleNamespace(services=own_services()), town)("hausnummer", False)

    assert addressee(FITCONNECT).destination_id == "d"
    with pytest.raises(DestinationUnfit):
        addressee("other")


@pytest.mark.parametrize("channel", ["fitconnect", "other"])
async def test_the_channel_of_the_row_carries_it(channel):
    """Two channels of one municipality; neither meets a submission of the other."""
    ways = {name: world(channel=name) for name in ("fitconnect", "other")}
    it = ways[channel]
    await replace(worker(it), channels={(ARS, name): Channel(way) for name, way in ways.items()}).advance(it.row.id)
    assert it.row.state is State.ACCEPTED
    assert {name: way.submits for name, way in ways.items()} == {name: int(name == channel) for name in ways}


async def test_a_channel_that_is_not_there_any_more_holds_its_submissions_for_a_person():
    it = world(channel="gone")
    await worker(it).advance(it.row.id)
    assert (it.row.state, it.row.reason.code) == (State.HELD, "destination_unfit")
