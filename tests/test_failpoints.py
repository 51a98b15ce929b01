"""Every commit and every call outside has a name in `gateway.failpoints`, and a process dies there exactly once."""

from __future__ import annotations

import ast
import importlib
import re
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from procrastinate import sql

from gateway import failpoints
from gateway.errors import SettingsInvalid
from gateway.settings import reading as settings
from gateway.store.connection.database import Statement
from gateway.store.operation import jobs
from tests.source_trees import ROOT, trees

WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE)\b(?! OF)|wake_submission\(", re.IGNORECASE)
READS = re.compile(r"\bFOR UPDATE\b", re.IGNORECASE)
CARRIED_OUT = {"one", "rows", "run"}
OFFLINE = {"portal.py"}  # a portal of its own, not the gateway
BUILT_AT_CALL = [
    "changes.py: _lines(scope.shape(who))",
    "held.py: compiled(query)",
    "integrity.py: statement",
    "reading.py: _one(scope.shape(who))",
    "reading.py: _page(scope.shape(who), filters)",
    "writing.py: statement",
]
"""Statements that are made where they are carried out; all of them read, or are named where they are made."""
NOT_OF_A_WORKER = {
    "defer_jobs",
    "defer_periodic_job",
    "cancel_job",
    "retry_job",
}
"""Queries of procrastinate that write and are never asked for: `wake_submission` is the only door for jobs."""


@cache
def modules() -> tuple[tuple[Path, ast.Module], ...]:
    return tuple((path, tree) for path, tree in trees().items() if "migrations" not in path.parts)


@cache
def calls(tree: ast.Module) -> tuple[tuple[ast.Call, str, str], ...]:
    """Every call with the last name of its receiver and its own."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                at = node.func.value
                receiver = at.attr if isinstance(at, ast.Attribute) else at.id if isinstance(at, ast.Name) else "?"
                found.append((node, receiver, node.func.attr))
            elif isinstance(node.func, ast.Name):
                found.append((node, "", node.func.id))
    return tuple(found)


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def strings(node: ast.AST | None) -> set[str]:
    """The texts that an expression may be."""
    if isinstance(node, ast.IfExp):
        return strings(node.body) | strings(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def of_database(receiver: str) -> bool:
    return receiver in {"database", "_database", "opened"}


def statements(path: Path, node: ast.expr) -> list[Statement]:
    """What an expression that is handed to the database stands for; a call or an index means: any that it makes."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if isinstance(node, ast.IfExp):
        return statements(path, node.body) + statements(path, node.orelse)
    if isinstance(node, ast.Name):
        found = getattr(module, node.id, None)
        return [found] if isinstance(found, Statement) else []
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        return list(getattr(module, node.value.id).values())
    return []


def in_code() -> dict[str, set[str]]:
    """Name to the places that use it."""
    found: dict[str, set[str]] = {name: {"procrastinate"} for name in jobs.COMMITS.values()}
    for path, tree in modules():
        for call, _, name in calls(tree):
            given = strings(keyword(call, "commits")) | strings(keyword(call, "call"))
            if name in {"transaction", "before", "after"} and call.args:
                given |= strings(call.args[0])
            if name == "_remove":  # the sweeps hand their names on
                given |= strings(call.args[-1])
            for each in given - {""}:
                found.setdefault(each, set()).add(f"{path.name}:{call.lineno}")
    return found


def test_the_list_names_what_the_code_names_and_nothing_else():
    names = (*failpoints.COMMITS, *failpoints.CALLS, *failpoints.STEPS)
    assert set(in_code()) == set(names)
    assert len(set(names)) == len(names), "a name is one place"


@pytest.mark.parametrize("names", [failpoints.COMMITS, failpoints.CALLS, failpoints.STEPS])
def test_the_list_is_sorted_and_holds_each_name_once(names):
    assert list(names) == sorted(set(names))


def test_no_statement_commits_without_a_name():
    nameless, unknown, seen = [], [], 0
    for path, tree in modules():
        for call, receiver, name in calls(tree):
            if name in CARRIED_OUT and of_database(receiver) and call.args:
                found = statements(path, call.args[0])
                if not found:
                    unknown.append(f"{path.name}: {ast.unparse(call.args[0])}")
                for statement in found:
                    seen += 1
                    if WRITES.search(READS.sub("", statement.sql)) and not statement.commits:
                        nameless.append(f"{path.name}:{call.lineno}")
    assert nameless == []
    assert sorted(unknown) == BUILT_AT_CALL
    assert seen > 60


def test_no_transaction_and_no_write_of_the_sandbox_is_without_a_name():
    nameless = []
    for path, tree in modules():
        for call, receiver, name in calls(tree):
            place = f"{path.name}:{call.lineno}"
            if name == "transaction" and of_database(receiver) and not (call.args and strings(call.args[0])):
                nameless.append(place)
            if name == "put" and receiver in {"store", "parts"} and keyword(call, "commits") is None:
                nameless.append(place)
    assert nameless == []


def test_no_call_leaves_without_a_name():
    nameless = []
    for path, tree in modules():
        for call, receiver, name in calls(tree):
            leaves = name == "exchange" and not receiver and path.name not in OFFLINE
            asked = name == "Request" and path.name == "wire.py"
            if (leaves or asked) and keyword(call, "call") is None:
                nameless.append(f"{path.name}:{call.lineno}")
    assert nameless == []


def test_nothing_leaves_by_another_door_than_the_one_with_names():
    within = {"second_judge.py"}  # an opener of urllib's whose only handler answers from memory
    for path, tree in modules():
        if path.parent.name != "outbound" and path.name not in within:
            imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
            imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            doors = {"aiohttp", "requests", "urllib.request", "http.client", "smtplib"}
            assert not imported & doors, path
            # httpx is named for the type of a client that `outbound` made; whoever calls it makes one of his own
            assert "httpx" not in {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}, path
            assert [call.lineno for call, receiver, _ in calls(tree) if receiver == "httpx"] == [], path


def test_every_writing_query_of_the_job_engine_is_named_or_never_asked():
    reading = {"check_connection", "count_jobs_status", "get_job_status", "listen_queue"}
    writing = {
        name
        for name, text in sql.queries.items()
        if not name.startswith(("list_", "select_")) and name not in reading and text.strip()
    }
    assert {f"jobs.{name}" for name in writing - NOT_OF_A_WORKER} <= set(jobs.COMMITS.values())
    assert set(sql.queries) >= NOT_OF_A_WORKER


@pytest.fixture
def armed(tmp_path):
    failpoints.arm("worker", tmp_path)
    yield tmp_path
    failpoints.arm("worker", None)


def test_a_point_nobody_named_for_death_is_passed_and_noted(armed):
    failpoints.before("submissions.commit")
    assert [each.name for each in armed.iterdir()] == ["worker.before.submissions.commit.passed"]


def test_the_point_of_another_role_is_passed(armed):
    (armed / "serve.before.submissions.commit").touch()
    failpoints.before("submissions.commit")
    assert (armed / "serve.before.submissions.commit").exists()


def test_a_process_dies_there_at_once_and_its_successor_lives(tmp_path):
    (tmp_path / "worker.after.submissions.commit").touch()
    life = (
        "import pathlib, sys; from gateway import failpoints; failpoints.arm('worker', pathlib.Path(sys.argv[1]));"
        "failpoints.before('submissions.commit'); failpoints.after('submissions.commit')"
    )
    ended = [subprocess.run([sys.executable, "-c", life, str(tmp_path)], check=False, cwd=ROOT) for _ in range(2)]
    assert [each.returncode for each in ended] == [-signal.SIGKILL, 0]


def test_unarmed_nothing_happens_even_where_a_file_lies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("worker.before.submissions.commit").touch()
    failpoints.before("submissions.commit")
    failpoints.after("submissions.commit")
    assert [each.name for each in tmp_path.iterdir()] == ["worker.before.submissions.commit"]


def test_production_refuses_to_be_armed(tmp_path):
    with pytest.raises(SettingsInvalid) as refused:
        settings.read(None, mode="production", failpoints=tmp_path)
    assert "failpoints" in [finding.pointer for finding in refused.value.findings]


@pytest.mark.parametrize(
    ("wish", "error"),
    [("ValueError", ValueError), ("Whatever", failpoints.Unforeseen), ("print", failpoints.Unforeseen)],
)
def test_an_exception_appears_there_each_time_until_the_file_is_gone(armed, wish, error):
    there = armed / "worker.before.steps.seal"
    there.write_text(f"raise {wish}\n", encoding="ascii")
    for _ in range(3):
        with pytest.raises(error):
            failpoints.before("steps.seal")
    failpoints.after("steps.seal")
    there.unlink()
    failpoints.before("steps.seal")
