"""Each check is a line of values; whose affair a fault is decides the exit code at the command line."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from gateway.errors import (
    CounterpartAway,
    DatabaseAway,
    EvidenceShortened,
    GatewayError,
    InvalidParameter,
    SettingsInvalid,
    TokenRefused,
)
from gateway.model import Finding
from gateway.operators.checks import LEAST_FREE_BYTES, Affair, Checks

DE, EN = Checks("de"), Checks("en")


@pytest.mark.parametrize(
    ("error", "affair"),
    [
        (CounterpartAway(), Affair.COUNTERPART),
        (DatabaseAway(), Affair.COUNTERPART),
        (TokenRefused(), Affair.SETTINGS),
        (SettingsInvalid(), Affair.SETTINGS),
        (EvidenceShortened(), Affair.MACHINE),
        (InvalidParameter(findings=(Finding("/a", "b", "c", "d"),)), Affair.MACHINE),
    ],
)
async def test_a_fault_is_the_affair_of_whoever_can_mend_it(error: GatewayError, affair: Affair) -> None:
    async def attempt() -> str:
        raise error

    line = await DE.tried("name", attempt)
    assert (line.check, line.ok, line.detail, line.affair) == ("name", False, error.code, affair)


def test_a_fault_of_the_settings_is_told_in_the_language_asked_for() -> None:
    finding = Finding("clients.a.jwks", "jwks_unreadable", "Unlesbar.", "Unreadable.")
    assert [each.misfit(finding).remedy for each in (DE, EN)] == ["Unlesbar.", "Unreadable."]
    assert DE.fault("x", SettingsInvalid(findings=(finding,))).remedy.endswith("; clients.a.jwks: Unlesbar.")


def test_a_disk_that_is_nearly_full_is_told_also_where_the_folder_is_not_made_yet(tmp_path, monkeypatch) -> None:
    values = SimpleNamespace(data_dir=tmp_path / "not" / "yet")
    for free, ok in ((LEAST_FREE_BYTES, True), (LEAST_FREE_BYTES - 1, False)):
        monkeypatch.setattr("shutil.disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        line = DE.disk(values)
        assert (line.ok, bool(line.remedy), line.affair) == (ok, not ok, Affair.MACHINE)


def test_without_any_installed_set_there_is_nothing_to_say_of_schemas(tmp_path) -> None:
    values = SimpleNamespace(schema_dir=tmp_path, trusted_sets=frozenset())
    assert DE.schemas(values, date(2026, 11, 30)) == []


@pytest.mark.parametrize(("broken", "ok"), [([], True), (["chain 1"], False)])
async def test_evidence_that_does_not_verify_names_the_place(broken: list[str], *, ok: bool) -> None:
    async def judge() -> SimpleNamespace:
        return SimpleNamespace(chains=3, roots=2, broken=broken)

    line = await EN.evidence(judge)
    assert (line.ok, line.detail) == (ok, "3 chains, 2 roots judged")
    assert ("chain 1" in line.remedy) is not ok


@pytest.mark.parametrize(("mode", "ok"), [("test", True), ("production", False)])
async def test_alarms_that_reach_nobody_are_a_fault_in_production(mode: str, *, ok: bool) -> None:
    (line,) = await DE.alarms(SimpleNamespace(mode=mode), lambda: ((), None))
    assert (line.ok, line.affair) == (ok, Affair.SETTINGS)


async def test_without_a_channel_only_the_key_of_a_municipality_is_tried() -> None:
    async def sign() -> str:
        return "kid a"

    lines = await DE.municipality(SimpleNamespace(slug="t", ars="1", destinations=()), {}, None, sign)
    assert [(line.check, line.detail) for line in lines] == [("signing_key t", "kid a")]
