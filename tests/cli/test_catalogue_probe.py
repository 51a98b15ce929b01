"""`gateway catalogue probe` ends when somebody wants it to, and waits for a run in progress."""

from __future__ import annotations

import asyncio

import pytest

from gateway.catalogue.probes.run import Run
from gateway.cli import catalogue_probe
from gateway.cli.catalogue_probe import _made, _unless

RUN = Run(1, (), own_network=True, whole=True)


async def test_a_run_is_given_up_as_soon_as_somebody_wants_an_end():
    stop, begun, given_up = asyncio.Event(), asyncio.Event(), []

    async def work():
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.append(True)

    waiting = asyncio.create_task(_unless(stop, work()))
    await begun.wait()
    stop.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert given_up == [True]


async def test_what_comes_to_its_end_is_given_and_what_fails_raised():
    async def work():
        return RUN

    async def fails():
        raise ValueError

    assert await _unless(asyncio.Event(), work()) is RUN
    with pytest.raises(ValueError, match=r"^$"):
        await _unless(asyncio.Event(), fails())


async def test_a_run_in_progress_is_waited_for_and_that_is_said_once(monkeypatch, capsys):
    class Prober:
        looks = 0

        async def run(self):
            self.looks += 1
            return RUN if self.looks == 4 else None

    monkeypatch.setattr(catalogue_probe, "LOOK_EVERY_S", 0)
    prober = Prober()
    assert await _made(prober) is RUN
    assert prober.looks == 4
    assert len(capsys.readouterr().err.splitlines()) == 1
