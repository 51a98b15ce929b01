"""What the gateway depends on stands in `/health`, and never decides about it."""

from __future__ import annotations

import asyncio

from gateway.catalogue.publication.figures import ProbedSubject
from gateway.errors import DatabaseAway
from gateway.serve import dependency_checks as module
from gateway.serve.dependency_checks import dependency_checks
from gateway.web.monitoring import overall


class Figures:
    def __init__(self, *standings, failure=None):
        self._standings, self._failure = standings, failure

    async def dependencies(self):
        if self._failure:
            raise self._failure
        return self._standings


async def test_each_dependency_is_a_line_that_is_not_vital():
    down, up = (
        ProbedSubject("", "token:test", False, "refused", None),
        ProbedSubject("1", "identity:a/b", True, None, None),
    )
    never = ProbedSubject("", "destination:x", None, None, None)
    checks = await dependency_checks(Figures(down, up, never))
    assert [(each.name, each.component_id, each.status, each.vital) for each in checks] == [
        ("token:probed", "test", "fail", False),
        ("identity:probed", "a/b", "pass", False),
    ]
    assert checks[0].output == "refused"
    assert overall(checks) == "warn"


async def test_a_state_that_cannot_be_read_is_no_failure_of_the_gateway():
    for failure in (DatabaseAway(), RuntimeError("password=geheim")):
        assert await dependency_checks(Figures(failure=failure)) == []


async def test_a_state_that_does_not_answer_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(module, "LOOK_S", 0)

    class Silent:
        async def dependencies(self):
            await asyncio.Event().wait()

    assert await dependency_checks(Silent()) == []
