"""What has to happen for each failpoint to be reached: a scene is played, and a process dies in the middle of it."""

from __future__ import annotations

import base64
import signal
from collections.abc import Callable, Iterator
from uuid import uuid4

from gateway import failpoints
from tests.crash.doomed import COMMAND, SANDBOX, Doomed
from tests.crash.house import SERVE, WORKER
from tests.crash.load import hand_off
from tests.demo_fixture import PDF

LARGE = PDF + b"%" * 2_300_000  # three frames, and parts too large for one statement
TUS = {"Tus_Resumable": "1.0.0"}
FAILING = (
    "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''made to fail''; END'",
    "CREATE TRIGGER fail BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION fail()",
)


def way(it: Doomed) -> None:
    """An application with an attachment goes its way."""
    it.hand_off()


def fresh_way(it: Doomed) -> None:
    """The same, carried by a worker that knows neither token nor keys yet."""
    it.blow(WORKER)
    it.hand_off()


def plain(it: Doomed) -> None:
    """An application without attachments."""
    it.hand_off("termin")


def large(it: Doomed) -> None:
    """An attachment of several frames."""
    it.hand_off(content=LARGE)


def refused(it: Doomed) -> None:
    """A large upload whose digest is wrong: nothing of it stays."""
    wrong = "sha-256=:" + base64.b64encode(b"0" * 32).decode() + ":"
    status = 0
    while status not in {400, 422}:
        head = {"Content_Type": "application/pdf", "Repr_Digest": wrong}
        status = it.portal.call("PUT", f"/uploads/{uuid4()}", LARGE, **head)[0]


def pieces(it: Doomed) -> None:
    """An upload by tus: begun, sent, completed, ended."""
    kind = "filetype " + base64.b64encode(b"application/pdf").decode()
    status = 0
    while status != 201:
        begin = {"Upload_Length": str(len(PDF)), "Upload_Metadata": kind}
        status, fields, _ = it.portal.call("POST", "/tus/", b"", **TUS, **begin)
    place = "/tus/" + fields["location"].rpartition("/")[2]
    head = {**TUS, "Content_Type": "application/offset+octet-stream", "Upload_Offset": "0"}
    while status not in {204, 409}:
        status = it.portal.call("PATCH", place, PDF, **head)[0]
    status = 0
    while status != 200:
        status = it.portal.call("HEAD", place, **TUS)[0]
    while status not in {204, 404}:
        status = it.portal.call("DELETE", place, **TUS)[0]


def hooks(it: Doomed) -> None:
    """A webhook made, tried, given a new secret, played back, and removed."""
    url = it.receiver.url
    made = it.portal.surely("POST", "/webhooks", {"url": url, "events": ["submission.state"]})["id"]
    for path, body in (("test", {}), ("rotate", {}), ("replay", {"after": ""})):
        status = 0
        while status not in {200, 202, 204}:
            status = it.portal.call("POST", f"/webhooks/{made}/{path}", body)[0]
    while status not in {204, 404} or status == 0:
        status = it.portal.call("DELETE", f"/webhooks/{made}")[0]
        if status in {204, 404}:
            return


def cancelled(it: Doomed) -> None:
    """Taken back by the portal while deliveries are stopped."""
    it.command("pause", "all")
    made = it.hand_off()
    it.apart.add(made)
    status = 0
    while status not in {200, 409}:
        status = it.portal.call("POST", f"/submissions/{made}/cancel")[0]
    it.command("resume", "all")


def corrected(it: Doomed) -> None:
    """Corrected by the portal while deliveries are stopped: the correction goes its way in the place of the first.

    It names the first one's file, of several frames.
    """
    it.command("pause", "all")
    body = dict(it.examples["hausnummer"])
    body["attachments"] = [{**each, "upload": str(uuid4())} for each in body["attachments"]]
    made = hand_off(it.portal, body, content=LARGE)
    it.apart.add(made)
    key = {"Idempotency_Key": str(uuid4())}
    status = 0
    while status not in {200, 201}:
        status, _, answer = it.portal.call("POST", f"/submissions/{made}/corrections", body, **key)
    it.taken.add(answer["id"])
    it.command("resume", "all")


def stopped(it: Doomed) -> None:
    """Deliveries are stopped, an application comes, they go on."""
    it.command("pause", "all")
    it.hand_off("termin")
    if not any(it.points.glob("worker.*.jobs.again")):
        it.command("resume", "all")
        return
    it.died(WORKER, next(it.points.glob("worker.*.jobs.again")).name.removeprefix("worker."))
    it.command("resume", "all")


def one_stopped(it: Doomed) -> None:
    """One destination is stopped and goes on."""
    it.command("pause", it.destination)
    it.command("resume", it.destination)


def stumbling(it: Doomed) -> None:
    """The database refuses a worker's commit for a reason nobody foresaw."""
    it.sql(*FAILING)
    try:
        it.hand_off("termin")
        for point in it.points.glob("worker.*.jobs.stumble"):
            it.died(WORKER, point.name.removeprefix("worker."))
    finally:
        it.sql("DROP TRIGGER fail ON journal")
        it.sql("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")


def worker_begins(it: Doomed) -> None:
    """A worker is replaced by another."""
    it.blow(WORKER)


def worker_ends(it: Doomed) -> None:
    """A worker is asked to end."""
    it.blow(WORKER, signal.SIGTERM)


def api_begins(it: Doomed) -> None:
    """The API is replaced by another."""
    it.blow(SERVE)


def nameless(it: Doomed) -> None:
    """The API begins on a database of a release that did not name master keys."""
    it.sql("UPDATE municipality_keys SET master = NULL")
    it.blow(SERVE)


def sandbox_begins(it: Doomed) -> None:
    """The sandbox is replaced by another."""
    it.blow(SANDBOX)


def steered(it: Doomed) -> None:
    """The sandbox's subscriber is told how to answer."""
    it.steer("/subscriber", {"destination_id": it.destination, "mode": "accept"})


def clock(it: Doomed) -> None:
    """The sandbox's clock is moved."""
    it.steer("/clock", {"advance_s": 0})


def months_later(it: Doomed) -> None:
    """The sandbox forgets what is old, one more that has just ended too: only after everything else was judged."""
    it.portal.followed(it.hand_off("termin"))
    it.steer("/clock", {"advance_s": 40 * 86_400})


def years_later(it: Doomed) -> None:
    """The sandbox forgets whole cases, a new one too: only after everything else was judged."""
    it.portal.followed(it.hand_off("termin"))
    it.steer("/clock", {"advance_s": 40 * 86_400})  # to erase it is an event of its own, and no old one
    it.steer("/clock", {"advance_s": 800 * 86_400})


def acknowledged(it: Doomed) -> None:
    """An alarm is noted as seen."""
    it.command("alarms", "acknowledge", str(uuid4()))


def kept(it: Doomed) -> None:
    """A submission is kept in spite of every period, and no longer."""
    some = min(it.taken or {it.hand_off("termin")})
    it.command("retention", "hold", some)
    it.command("retention", "hold", some, "--release")


def erased(it: Doomed) -> None:
    """A submission is erased on request."""
    made = it.hand_off("termin")
    it.apart.add(made)
    it.portal.followed(made)
    it.command("retention", "erase", made)


def run_out(it: Doomed) -> None:
    """What is due is erased."""
    it.command("retention", "run")


def probed(it: Doomed) -> None:
    """A run of probes; after a death another one begins once the lease of the dead one has ended."""
    it.command("catalogue", "probe")


Scene = Callable[[Doomed], None]
PLAN: tuple[tuple[str, Scene, tuple[str, ...]], ...] = (
    (SERVE, way, ("keyring.begin", "uploads.add_whole", "submissions.create")),
    (SERVE, corrected, ("submissions.create_with",)),
    (SERVE, large, ("uploads.clear_expired", "blobs.first_of_key", "blobs.next", "blobs.last", "uploads.add")),
    (SERVE, refused, ("blobs.drop_with_key",)),
    (SERVE, pieces, ("tus.begin", "tus.add", "tus.done", "tus.end")),
    (SERVE, hooks, ("webhooks.add", "webhooks.test", "webhooks.rotate", "webhooks.replay", "webhooks.remove")),
    (SERVE, cancelled, ("submissions.commit",)),
    (SERVE, api_begins, ("evidence.keep_key",)),
    (SERVE, nameless, ("masters.name",)),
    (WORKER, way, ("jobs.fetch_job", "jobs.finish_job", "submissions.commit")),
    (WORKER, way, ("fitconnect.announce", "fitconnect.upload", "fitconnect.submit", "fitconnect.event_log")),
    (WORKER, way, ("webhooks.follow", "webhooks.claim", "webhook.message", "webhooks.settle")),
    (WORKER, fresh_way, ("fitconnect.token", "fitconnect.destination", "fitconnect.key", "fitconnect.delivery_keys")),
    (WORKER, large, ("blobs.first", "blobs.next", "blobs.last")),
    (WORKER, stopped, ("jobs.again",)),
    (WORKER, stumbling, ("jobs.stumble",)),
    (WORKER, worker_ends, ("jobs.unregister_worker",)),
    (WORKER, worker_begins, ("evidence.keep_key", "jobs.register_worker", "jobs.prune_stalled_workers")),
    (WORKER, worker_begins, ("jobs.update_heartbeat", "jobs.rescue", "jobs.orphans", "jobs.delete_old_jobs")),
    (WORKER, worker_begins, ("sweep.tus", "sweep.expired", "sweep.unfinished", "sweep.unnamed", "sweep.unused_parts")),
    (WORKER, worker_begins, ("sweep.client_allowances", "sweep.spent_assertions")),
    (WORKER, worker_begins, ("sweep.login_identities", "sweep.logins_under_way", "sweep.login_requests")),
    (WORKER, worker_begins, ("sweep.login_answers", "sweep.login_sessions", "sweep.login_tokens")),
    (WORKER, worker_begins, ("sweep.login_codes", "sweep.logins", "sweep.logins_done", "sweep.login_outcomes")),
    (WORKER, worker_begins, ("alarms.raise", "alarms.resolve", "roots.sign", "webhooks.prune")),
    (SANDBOX, way, ("sandbox.announce", "sandbox.attachment", "sandbox.upload", "sandbox.metadata", "sandbox.data")),
    (SANDBOX, way, ("sandbox.submit", "sandbox.opened", "sandbox.accept")),
    (SANDBOX, sandbox_begins, ("sandbox.establish",)),
    (SANDBOX, steered, ("sandbox.destination",)),
    (SANDBOX, clock, ("sandbox.fact",)),
    (COMMAND, one_stopped, ("pauses.stop", "pauses.go", "pauses.wake")),
    (COMMAND, stopped, ("pauses.wake_all",)),
    (COMMAND, acknowledged, ("alarms.acknowledge",)),
    (COMMAND, kept, ("retention.hold", "retention.release")),
    (COMMAND, erased, ("erased.add", "retention.erase")),
    (COMMAND, probed, ("probes.begin", "probes.note", "probes.end")),
    (COMMAND, run_out, ("retention.forget", "retention.forget_accounts")),
)
"""Who dies, in which scene, before and after what."""

LAST: tuple[tuple[str, Scene, tuple[str, ...]], ...] = (
    (SANDBOX, months_later, ("sandbox.expire",)),
    (SANDBOX, years_later, ("sandbox.drop",)),
)
"""The same, after which nothing can be judged any more."""

ELSEWHERE = {
    "alarms.limit": "asked again each minute, one statement: tests/store/test_alarms.py",
    "alarms.raise_house": "as above",
    "alarms.resolve_house": "as above",
    "alarms.webhook": "sent again after its lease: tests/store/test_alerts.py",
    "allowances.failures": "nobody guesses at the demo; asked again, counted again: tests/store/test_failed_tries.py",
    "allowances.requests": "the demo's client has no limit; a lost share is forfeited: tests/store/test_allowances.py",
    "allowances.submissions": "as above",
    "assertions.spend": "the demo's client has a secret; who asks again brings a new assertion: tests/login",
    "blobs.drop": "a worker whose own sealing failed; what it leaves is swept: tests/store/test_uploads.py",
    "bulletins.claim": "nobody is told of the demo's alarms; a lease ends: tests/store/test_alerts.py",
    "bulletins.compose": "as above",
    "bulletins.prune": "as above",
    "bulletins.settle": "as above",
    "exports.accept": "once a day, made again by whoever comes next: tests/store/test_catalogue_export_killed.py",
    "catalogue.claim_push": "a lease ends, then it is pushed again: tests/store/test_catalogue_push_killed.py",
    "catalogue.renew_push": "as above",
    "catalogue.settle_push": "as above",
    "catalogue.push": "as above",
    "catalogue.prepare_pushes": "looked at again after each export: tests/store/test_catalogue_pushes.py",
    "catalogue.prune_pushes": "asked again each minute, one statement",
    "catalogue.keep_report": "made again with the next minute: tests/store/test_catalogue_report_chore.py",
    "catalogue.prune_reports": "as above",
    "catalogue.fail": "said again with the next failure: tests/store/test_catalogue_work.py",
    "catalogue.succeed": "said again with the next success: tests/store/test_catalogue_work.py",
    "catalogue.claim_readback": "a lease ends, then it is read again: tests/store/test_catalogue_readbacks.py",
    "catalogue.datahub": "as above",
    "catalogue.prune_readbacks": "asked again each minute, one statement",
    "catalogue.pvog": "a lease ends, then it is read again: tests/store/test_catalogue_readbacks.py",
    "catalogue.routing": "as above",
    "catalogue.settle_readback": "as above",
    "identity.metadata": "asked again each hour, the copy is replaced whole: tests/wiring/test_identity_metadata.py",
    "jobs.start_anew": "forgets what was counted, after all that counts: tests/store/test_set_aside.py",
    "exchanges.raise": "asked again every five seconds, one statement: tests/store/test_exchange_durations.py",
    "exchanges.resolve": "as above",
    "exchanges.write": "figures of five seconds; those of a dead worker are forfeited",
    "logins.begin": "nobody logs in at this demo's portal: tests/store/test_login_crashes.py",
    "logins.choose": "as above",
    "logins.end": "as above",
    "logins.end_sessions": "as above",
    "logins.finish": "as above",
    "logins.go_on": "as above",
    "logins.keep_answer": "as above",
    "logins.push": "as above",
    "logins.redeem": "as above",
    "logins.subject_key": "as above",
    "catalogue.register": "made again at the next start: tests/store/test_catalogue_entries.py",
    "login.logout": "nobody signs out at the demo's portal; a lease ends: tests/store/test_logouts.py",
    "logouts.claim": "as above",
    "logouts.prune": "as above",
    "logouts.settle": "as above",
    "outcomes.raise": "nobody logs in at the demo's portal; one statement: tests/store/test_login_outcomes.py",
    "outcomes.resolve": "as above",
    "outcomes.write": "figures of five seconds; those of a dead process are forfeited",
    "masters.remember": "the first start of all: `test_the_first_start_may_be_the_last`",
    "probes.dependency": "asked again by the next run",
    "probes.give_up": "another run begins once the lease of a dead one has ended: tests/store/test_probe_runs.py",
    "probes.page": "as probes.dependency",
    "probes.prune_days": "pruned with the next hour",
    "probes.prune_hours": "pruned with the next hour",
    "probes.prune_measurements": "as above",
    "probes.prune_outages": "as above",
    "probes.prune_runs": "as above",
    "probes.reference": "as probes.dependency",
    "probes.renew": "as probes.give_up",
    "retention.replay": "`restore` is given again from its beginning: tests/store/test_backup.py",
    "roots.sign_head": "`evidence export` is given again: tests/store/test_evidence.py",
    "roots.stamp": "stamps are fetched again for each root without one: tests/evidence/test_stamp.py",
    "rotation.data_keys": "an operator's command that goes on after a crash: tests/store/test_rotation.py",
    "rotation.generation": "as above",
    "rotation.log": "as above",
    "rotation.make_current": "as above",
    "sandbox.callback": "nothing asks the demo's sandbox to call back: tests/sandbox/test_callbacks.py",
    "sandbox.pull": "a sandbox of the catalogue that dies begins anew: it keeps nothing",
    "sandbox.service_provider": "asked again with the next request: tests/sandbox/identity/test_server.py",
    "sandbox.notify": "as sandbox.callback",
    "statistics.again": "the command is given again: tests/cli/test_catalogue_statistics.py",
    "statistics.claim": "a lease ends, then it is sent under the same id: tests/store/test_statistics_sending.py",
    "statistics.count": "counted again every ten minutes: tests/store/test_transaction_counts.py",
    "statistics.drop_texts": "asked again every ten minutes, one statement",
    "statistics.hold": "as retention.replay",
    "statistics.keep_feedback": "one transaction; who got no page of thanks sends the form again",
    "statistics.name": "as statistics.claim",
    "statistics.prepare": "asked again every ten minutes: tests/store/test_statistics_sending.py",
    "statistics.prune_feedback": "as statistics.drop_texts",
    "statistics.prune_views": "as statistics.drop_texts",
    "statistics.replace_views": "one transaction; a portal that lost the answer sends the month again",
    "statistics.send": "as statistics.claim",
    "statistics.settle": "as statistics.claim",
    "statistics.unique_id": "as statistics.claim",
    "submissions.set_aside": "asked again by the next failed job: tests/store/test_set_aside.py",
    "timestamp.stamp": "as roots.stamp",
    "turns.clean": "no bounds in the demo; places of the dead end: tests/store/test_destination_slots.py",
    "turns.give_back": "as above",
    "turns.renew": "as above",
    "turns.rescue": "as above",
    "turns.rest": "as above",
    "turns.take": "as above",
    "xrepository.question": "`schemas install` is given again: tests/sets/test_install.py",
}
"""Points that these scenes do not reach, and why that is no gap in API, worker and sandbox."""


def points(plan: tuple[tuple[str, Scene, tuple[str, ...]], ...] = PLAN) -> Iterator[tuple[str, str, Scene]]:
    """Role, point and scene of every death."""
    for role, scene, names in plan:
        for name in names:
            yield role, f"before.{name}", scene
            yield role, f"after.{name}", scene


def everything() -> set[str]:
    """Every name there is."""
    return {*failpoints.COMMITS, *failpoints.CALLS}
