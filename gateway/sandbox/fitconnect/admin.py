"""The admin API: look inside, turn the clock, order faults, steer the automatic subscriber.

Knows: the fixed interface. Never does: answer a request whose `Host` is not loopback, or one without the random
segment of its address. Standard: fixed interfaces §5. Start reading: `ROUTES`.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.fitconnect import names
from gateway.sandbox import faults
from gateway.sandbox.admin import common_routes, guarded
from gateway.sandbox.fitconnect import arrival, deadlines, forgeries, requests, subscriber
from gateway.sandbox.fitconnect.problems import Problem
from gateway.sandbox.fitconnect.records import AUTOMATIC, Submission
from gateway.sandbox.fitconnect.requests import Json, identifier
from gateway.sandbox.fitconnect.sandbox import Sandbox

_MODES: Final = ("accept", "reject", "silent", "slow")


async def state(request: Request) -> Response:
    """`GET /state`: everything, without secrets."""
    sandbox = _sandbox(request)
    store = sandbox.store
    return Json(
        {
            "now": sandbox.clock.now().isoformat(),
            "clock_offset_s": sandbox.clock.offset_s,
            "clients": [{"role": c.role, "client_id": c.client_id, "scopes": c.scopes} for c in store.clients.values()],
            "tokens": len(sandbox.tokens),
            "destinations": [_without_secret(asdict(d)) for d in store.destinations.values()],
            "submissions": [_without_secret(asdict(s)) for s in store.submissions.values()],
            "events": {case: [{"type": e.type, "jti": e.jti} for e in log] for case, log in store.events.items()},
            "faults": [faults.describe(f) for f in sandbox.faults],
            "callbacks": sandbox.callback_log,
        }
    )


async def listing(request: Request) -> Response:
    """`GET /submissions`."""
    return Json({"submissions": [_shown(s) for s in _sandbox(request).store.submissions.values()]})


async def event_log(request: Request) -> Response:
    """`GET /submissions/{id}/events`: the SETs as signed."""
    sandbox, submission = _submission(request)
    return Json({"events": [event.token for event in sandbox.store.event_log(submission)]})


async def opened(request: Request) -> Response:
    """`GET /submissions/{id}/opened`: what the automatic subscriber decrypted."""
    sandbox, submission = _submission(request)
    content = subscriber.opened(sandbox, submission.id)
    if content is None:
        raise Problem(404, "not-opened", "The submission was not opened here")
    return Json(dict(content))


async def keys(request: Request) -> Response:
    """`GET /keys`: the JWK sets of both issuers and of the destinations."""
    sandbox = _sandbox(request)
    sets = {d.id: {"keys": [dict(k) for k in d.keys.values()]} for d in sandbox.store.destinations.values()}
    return Json(
        {
            "delivery": sandbox.keys.public_set("delivery"),
            "portal": sandbox.keys.public_set("portal"),
            "destinations": sets,
        }
    )


async def _moved(request: Request) -> None:
    """Apply the deadlines that passed."""
    sandbox = _sandbox(request)
    sandbox.store.fact("clock_offset_s", sandbox.clock.offset_s)
    await deadlines.enforce(sandbox)


async def reset(request: Request) -> Response:
    """`POST /reset`: as freshly started; keys, clients, addresses and own destinations stay."""
    sandbox = _sandbox(request)
    sandbox.store.forget_submissions()
    sandbox.ended.clear()
    for destination in [d for d in sandbox.store.destinations.values() if not d.ours]:
        del sandbox.store.destinations[destination.id]
    sandbox.faults.clear()
    sandbox.tokens.clear()
    sandbox.callback_log.clear()
    sandbox.clock.advance(-sandbox.clock.offset_s)
    sandbox.store.fact("clock_offset_s", 0.0)
    sandbox.establish(anew=True)
    return Response(status_code=204)


async def steer(request: Request) -> Response:
    """`POST /subscriber`: mode of an automatic destination; what waits is picked up anew in the new mode."""
    sandbox = _sandbox(request)
    body = await requests.json_object(request)
    destination = sandbox.store.destinations.get(identifier(body.get("destination_id"), "destination_id"))
    if destination is None:
        raise Problem(404, names.DESTINATION_NOT_FOUND, "Destination not found")
    if destination.subscriber != AUTOMATIC:
        raise Problem(422, "not-automatic", "The destination has no automatic subscriber")
    mode, problems = body.get("mode"), body.get("problems", [])
    delay, requires = body.get("delay_s", destination.mode_delay_s), body.get("requires", destination.requires)
    if mode not in _MODES:
        raise Problem(400, "invalid-parameter", f"mode is none of {', '.join(_MODES)}", parameter="mode")
    if not isinstance(problems, list) or not all(isinstance(p, dict) and "type" in p for p in problems):
        raise Problem(400, "invalid-parameter", "problems is no list of problems", parameter="problems")
    if isinstance(delay, bool) or not isinstance(delay, int | float) or delay < 0:
        raise Problem(400, "invalid-parameter", "delay_s is no number", parameter="delay_s")
    if not isinstance(requires, list | tuple) or not all(isinstance(r, str) for r in requires):
        raise Problem(400, "invalid-parameter", "requires is no list", parameter="requires")
    after = replace(destination, mode=mode, mode_problems=tuple(problems), mode_delay_s=delay, requires=tuple(requires))
    sandbox.store.put(after, commits="sandbox.destination")
    arrival.resume(sandbox, after.id)
    return Json({"destination_id": after.id, "mode": after.mode, "requires": list(after.requires)})


ROUTES: Final = (
    Route("/state", guarded(state), methods=["GET"]),
    Route("/submissions", guarded(listing), methods=["GET"]),
    Route("/submissions/{submission_id}/events", guarded(event_log), methods=["GET"]),
    Route("/submissions/{submission_id}/opened", guarded(opened), methods=["GET"]),
    Route("/keys", guarded(keys), methods=["GET"]),
    *common_routes(forgeries.KINDS, moved=_moved),
    Route("/reset", guarded(reset), methods=["POST"]),
    Route("/subscriber", guarded(steer), methods=["POST"]),
)


def _sandbox(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


def _submission(request: Request) -> tuple[Sandbox, Submission]:
    sandbox = _sandbox(request)
    submission = sandbox.store.submissions.get(identifier(request.path_params["submission_id"], "submission_id"))
    if submission is None:
        raise Problem(404, names.SUBMISSION_NOT_FOUND, "Submission not found")
    return sandbox, submission


def _shown(submission: Submission) -> dict[str, Any]:
    return {
        "submission_id": submission.id,
        "case_id": submission.case_id,
        "destination_id": submission.destination_id,
        "state": submission.shown_state,
        "submit_count": submission.submit_count,
        "attachments": len(submission.uploads),
        "bytes": submission.size,
    }


def _without_secret(record: dict[str, Any]) -> dict[str, Any]:
    if record.get("callback"):
        record["callback"] = {"url": record["callback"]["url"]}
    return record
