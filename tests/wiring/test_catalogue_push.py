"""The worker pushes what is due by the settings, says that nobody vouches for it, and opens nothing without need."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from gateway.errors.recurring import Failures
from gateway.keys.files import write_secret
from gateway.wiring import catalogue_push as wiring
from gateway.wiring.catalogue_export import exported
from gateway.wiring.runtime import open_runtime, read_settings
from gateway.worker import catalogue_push
from tests.catalogue.collecting import sandbox
from tests.catalogue_gateway import written

PUSH = """[catalogue.push]
address = "{collector}"
token_url = "{collector_token_url}"
client_id = "{client}"
client_secret_file = "collector.secret"
unverified = true
"""


@pytest.fixture
async def there():
    async with sandbox() as it:
        yield it


def configured(tmp_path, dsn, there):
    config, client = written(tmp_path, dsn), there.line["collector_client"]
    write_secret(tmp_path / "collector.secret", client["client_secret"].encode())
    section = PUSH.format(**there.line, client=client["client_id"])
    config.write_text(config.read_text(encoding="utf-8") + section, encoding="utf-8")
    return config


async def test_what_was_exported_is_pushed_once(tmp_path, postgres_dsn, there, monkeypatch):
    settings = read_settings(configured(tmp_path, postgres_dsn, there), lambda _: ())
    async with open_runtime(settings, services=True) as runtime:
        rows = wiring.stored_pushes(runtime)
        assert await catalogue_push.look(runtime, rows) == 0
        await exported(runtime)
        with capture_logs() as logs:
            assert await catalogue_push.look(runtime, rows) == 1
        assert [line["event"] for line in logs] == ["catalogue.push_unverified", "catalogue.pushed"]
        monkeypatch.setattr(catalogue_push, "open_pusher", None)
        assert await catalogue_push.look(runtime, rows) == 0
    state = await there.state()
    assert len([each for each in state["offers"] if "L100999" in each["id"]]) == 16
    assert [each["faults"] for each in state["imports"]] == [[]]


async def test_there_is_no_chore_without_a_collector(tmp_path, postgres_dsn):
    async with open_runtime(read_settings(written(tmp_path, postgres_dsn), lambda _: ())) as runtime:
        assert list(catalogue_push.chores(runtime, Failures())) == []
