"""Points at which a test lets a process die or an exception appear: each commit, call outside and step, all named.

Knows: the names, and how a process dies at one of them exactly once. Never does: anything at all unless armed, which
only `mode = "test"` allows. Standard: none. Start reading: `before`, then `COMMITS`, `CALLS` and `STEPS`.

A process armed with a directory and its role dies at the point for which a file `ROLE.before.NAME` or
`ROLE.after.NAME` lies there; the file is renamed to `….died` first, so that its successor lives. Where the file holds
the name of a signal (`SIGSTOP`), it is that signal instead. Where it holds `raise ValueError`, that exception (any of
Python's own by name, `Unforeseen` for another name) appears there each time, as long as the file lies
there. Points that were passed leave a file `….passed`. A test compares the names with the code: a commit or a call
without one fails it.
"""

from __future__ import annotations

import builtins
import os
import signal
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger()

COMMITS: Final = (
    "alarms.acknowledge",
    "alarms.limit",
    "alarms.raise",
    "alarms.raise_house",
    "alarms.resolve",
    "alarms.resolve_house",
    "allowances.failures",
    "allowances.requests",
    "allowances.submissions",
    "assertions.spend",
    "blobs.drop",
    "blobs.drop_with_key",
    "blobs.first",
    "blobs.first_of_key",
    "blobs.last",
    "blobs.next",
    "bulletins.claim",
    "bulletins.compose",
    "bulletins.prune",
    "bulletins.settle",
    "catalogue.claim_push",
    "catalogue.claim_readback",
    "catalogue.fail",
    "catalogue.keep_report",
    "catalogue.prepare_pushes",
    "catalogue.prune_pushes",
    "catalogue.prune_readbacks",
    "catalogue.prune_reports",
    "catalogue.register",
    "catalogue.renew_push",
    "catalogue.settle_push",
    "catalogue.settle_readback",
    "catalogue.succeed",
    "erased.add",
    "evidence.keep_key",
    "exchanges.raise",
    "exchanges.resolve",
    "exchanges.write",
    "exports.accept",
    "jobs.again",
    "jobs.delete_old_jobs",
    "jobs.fetch_job",
    "jobs.finish_job",
    "jobs.orphans",
    "jobs.prune_stalled_workers",
    "jobs.register_worker",
    "jobs.rescue",
    "jobs.start_anew",
    "jobs.stumble",
    "jobs.unregister_worker",
    "jobs.update_heartbeat",
    "keyring.begin",
    "logins.begin",
    "logins.choose",
    "logins.end",
    "logins.end_sessions",
    "logins.finish",
    "logins.go_on",
    "logins.keep_answer",
    "logins.push",
    "logins.redeem",
    "logins.subject_key",
    "logouts.claim",
    "logouts.prune",
    "logouts.settle",
    "masters.name",
    "masters.remember",
    "outcomes.raise",
    "outcomes.resolve",
    "outcomes.write",
    "pauses.go",
    "pauses.stop",
    "pauses.wake",
    "pauses.wake_all",
    "probes.begin",
    "probes.end",
    "probes.give_up",
    "probes.note",
    "probes.prune_days",
    "probes.prune_hours",
    "probes.prune_measurements",
    "probes.prune_outages",
    "probes.prune_runs",
    "probes.renew",
    "retention.erase",
    "retention.forget",
    "retention.forget_accounts",
    "retention.hold",
    "retention.release",
    "retention.replay",
    "roots.sign",
    "roots.sign_head",
    "roots.stamp",
    "rotation.data_keys",
    "rotation.generation",
    "rotation.log",
    "rotation.make_current",
    "sandbox.accept",
    "sandbox.announce",
    "sandbox.attachment",
    "sandbox.data",
    "sandbox.destination",
    "sandbox.drop",
    "sandbox.establish",
    "sandbox.expire",
    "sandbox.fact",
    "sandbox.metadata",
    "sandbox.notify",
    "sandbox.opened",
    "sandbox.submit",
    "sandbox.upload",
    "statistics.again",
    "statistics.claim",
    "statistics.count",
    "statistics.drop_texts",
    "statistics.hold",
    "statistics.keep_feedback",
    "statistics.name",
    "statistics.prepare",
    "statistics.prune_feedback",
    "statistics.prune_views",
    "statistics.replace_views",
    "statistics.settle",
    "submissions.commit",
    "submissions.create",
    "submissions.create_with",
    "submissions.set_aside",
    "sweep.client_allowances",
    "sweep.expired",
    "sweep.login_answers",
    "sweep.login_codes",
    "sweep.login_identities",
    "sweep.login_outcomes",
    "sweep.login_requests",
    "sweep.login_sessions",
    "sweep.login_tokens",
    "sweep.logins",
    "sweep.logins_done",
    "sweep.logins_under_way",
    "sweep.spent_assertions",
    "sweep.tus",
    "sweep.unfinished",
    "sweep.unnamed",
    "sweep.unused_parts",
    "turns.clean",
    "turns.give_back",
    "turns.renew",
    "turns.rescue",
    "turns.rest",
    "turns.take",
    "tus.add",
    "tus.begin",
    "tus.done",
    "tus.end",
    "uploads.add",
    "uploads.add_whole",
    "uploads.clear_expired",
    "webhooks.add",
    "webhooks.claim",
    "webhooks.follow",
    "webhooks.prune",
    "webhooks.remove",
    "webhooks.replay",
    "webhooks.rotate",
    "webhooks.settle",
    "webhooks.test",
)
"""What makes something durable: a statement or transaction of the database, a line of the sandbox, of a list."""

CALLS: Final = (
    "alarms.webhook",
    "catalogue.datahub",
    "catalogue.push",
    "catalogue.pvog",
    "catalogue.routing",
    "fitconnect.announce",
    "fitconnect.delivery_keys",
    "fitconnect.destination",
    "fitconnect.event_log",
    "fitconnect.key",
    "fitconnect.submit",
    "fitconnect.token",
    "fitconnect.upload",
    "identity.metadata",
    "login.logout",
    "probes.dependency",
    "probes.page",
    "probes.reference",
    "sandbox.callback",
    "sandbox.pull",
    "sandbox.service_provider",
    "statistics.send",
    "statistics.unique_id",
    "timestamp.stamp",
    "webhook.message",
    "xrepository.question",
)
"""What leaves the process and changes or asks something elsewhere."""

STEPS: Final = (
    "steps.announce",
    "steps.appointment",
    "steps.document",
    "steps.export",
    "steps.mail",
    "steps.read_events",
    "steps.readable",
    "steps.seal",
    "steps.sign",
    "steps.submit",
    "steps.upload",
)
"""What is done at our own side on the way: nothing is durable there, but anything may go wrong."""

_RAISE: Final = "raise "


class Unforeseen(Exception):
    """An exception that nobody's code knows."""


_armed: tuple[Path, str] | None = None


def arm(role: str, directory: Path | None) -> None:
    """Let this process die where `directory` says; None: nowhere. `role` is serve, worker, sandbox or command."""
    global _armed  # noqa: PLW0603 - one process has one life
    _armed = None if directory is None else (directory, role)
    if directory is not None:
        log.warning("failpoints.armed", role=role)


def before(name: str) -> None:
    """What is named begins now; without a name nothing does."""
    if _armed and name:
        _reached(*_armed, f"before.{name}")


def after(name: str) -> None:
    """What is named has just been done."""
    if _armed and name:
        _reached(*_armed, f"after.{name}")


def _reached(directory: Path, role: str, point: str) -> None:
    file = directory / f"{role}.{point}"
    try:
        wish = file.read_text(encoding="ascii").strip()
        if not wish.startswith(_RAISE):
            file.rename(f"{file}.died")
    except FileNotFoundError:
        Path(f"{file}.passed").touch()
    else:
        if wish.startswith(_RAISE):
            raise _exception(wish.removeprefix(_RAISE))(point)
        os.kill(os.getpid(), signal.Signals[wish] if wish else signal.SIGKILL)


def _exception(name: str) -> type[Exception]:
    kind = getattr(builtins, name, None)
    return kind if isinstance(kind, type) and issubclass(kind, Exception) else Unforeseen
