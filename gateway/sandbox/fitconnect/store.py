"""What the sandbox holds: records in memory with an append-only journal, and sealed parts.

Knows: how to come back after a kill: the last word on each record counts, a torn last line is dropped. The journal is
written anew at the start and whenever it holds as much again as is needed. Never does:
fsync, since a sandbox survives its process, not its machine. Standard: none. Start reading: `Store`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from gateway import failpoints
from gateway.sandbox.fitconnect.parts import StoredParts
from gateway.sandbox.fitconnect.records import ApiClient, Destination, Event, Record, Submission, from_json, to_json

_JOURNAL = "journal.jsonl"
_SURPLUS = 1 << 20
"""Characters that are written to the journal before it is written anew, unless it was longer than that."""
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Store:
    """Everything that must outlive the process. All calls are made on one thread, the event loop's."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clients: dict[str, ApiClient] = {}
        self.destinations: dict[str, Destination] = {}
        self.submissions: dict[str, Submission] = {}
        self.events: dict[str, list[Event]] = {}
        self.facts: dict[str, Any] = {}
        self._cases: dict[str, list[str]] = {}
        self._written = self._needed = 0
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        self.parts = StoredParts(directory)
        self._load()
        self._journal = self._compacted()

    def put(self, *records: Record, commits: str = "") -> None:
        """Remember records together; a later one of the same id replaces the earlier, events are added.

        `commits` names the failpoint.
        """
        failpoints.before(commits)
        for record in records:
            self._take(record)
        self._write(*map(to_json, records))
        failpoints.after(commits)

    def fact(self, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON
        """Remember a single value, such as the clock's offset."""
        failpoints.before("sandbox.fact")
        self.facts[name] = value
        self._write({"kind": "fact", "value": {"name": name, "value": value}})
        failpoints.after("sandbox.fact")

    def drop(self, submission_id: str) -> None:
        """Forget a submission, its events and its parts."""
        failpoints.before("sandbox.drop")
        self._forget(submission_id)
        self.parts.erase(submission_id)
        self._write({"kind": "drop", "value": {"submission_id": submission_id}})
        failpoints.after("sandbox.drop")

    def forget_submissions(self) -> None:
        """Remove all submissions and events; clients and destinations stay."""
        self.submissions.clear()
        self.events.clear()
        self._cases.clear()
        self.parts.clear()
        self._journal.close()
        self._journal = self._compacted()

    def of_case(self, case_id: str) -> list[Submission]:
        """The submissions of a case, oldest first."""
        return [self.submissions[i] for i in self._cases.get(case_id, [])]

    def event_log(self, submission: Submission) -> list[Event]:
        """The events of one submission, oldest first."""
        return [e for e in self.events.get(submission.case_id, []) if e.submission_id == submission.id]

    def close(self) -> None:
        """Close journal and database."""
        self._journal.close()
        self.parts.close()

    def _take(self, record: Record) -> None:
        if isinstance(record, ApiClient):
            self.clients[record.client_id] = record
        elif isinstance(record, Destination):
            self.destinations[record.id] = record
        elif isinstance(record, Submission):
            if record.id not in self.submissions:
                self._cases.setdefault(record.case_id, []).append(record.id)
            self.submissions[record.id] = record
        else:
            self.events.setdefault(record.case_id, []).append(record)

    def _forget(self, submission_id: str) -> None:
        submission = self.submissions.pop(submission_id, None)
        if submission is None:
            return
        case_id = submission.case_id
        self._cases[case_id].remove(submission_id)
        self.events[case_id] = [e for e in self.events.get(case_id, []) if e.submission_id != submission_id]
        if not self._cases[case_id]:
            del self._cases[case_id], self.events[case_id]

    def _write(self, *lines: dict[str, Any]) -> None:
        text = "".join(_encode(line) + "\n" for line in lines)
        self._journal.write(text)
        self._journal.flush()
        self._written += len(text)
        if self._written > max(_SURPLUS, self._needed):
            self._journal.close()
            self._journal = self._compacted()

    def _load(self) -> None:
        with suppress(FileNotFoundError), (self.directory / _JOURNAL).open("rb") as lines:
            for line in lines:
                with suppress(ValueError):  # torn by a kill, perhaps inside a character
                    self._replay(json.loads(line))

    def _replay(self, entry: dict[str, Any]) -> None:
        kind, value = entry["kind"], entry["value"]
        if kind == "fact":
            self.facts[value["name"]] = value["value"]
        elif kind == "drop":
            self._forget(value["submission_id"])
        else:
            self._take(from_json(kind, value))

    def _compacted(self) -> TextIOWrapper:
        target = self.directory / _JOURNAL
        fresh = target.with_suffix(".new")
        self._written = 0
        with fresh.open("w", encoding="utf-8") as out:
            for name, value in self.facts.items():
                out.write(json.dumps({"kind": "fact", "value": {"name": name, "value": value}}) + "\n")
            records: list[Record] = [*self.clients.values(), *self.destinations.values(), *self.submissions.values()]
            records += [event for log in self.events.values() for event in log]
            for record in records:
                out.write(_encode(to_json(record)) + "\n")
        self._needed = fresh.stat().st_size
        fresh.chmod(0o600)
        fresh.replace(target)
        return target.open("a", encoding="utf-8")
