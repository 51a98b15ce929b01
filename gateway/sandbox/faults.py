"""Faults on demand: what a network and a bad counterpart can do to a client, between the wire and the endpoints.

Knows: the kinds that every sandbox has. Never does: touch the admin API or requests that match nothing.
Standard: fixed interfaces §5. Start reading: `Fault`, then `OrderedFaults`.

`match` is a method or `*`, a blank, and a glob on the path after the API's base (`/v2/submissions/*`) or on the whole
path. `*` also matches `/`; with `"within_segment": true` it does not. Kinds:

- `status`: answers `value`, an integer or {"status","headers","body"}; no effect
- `hang`: no answer for `value` seconds, default until the client goes; no effect
- `reset`: connection reset; no effect
- `lost_answer`: full effect, then the connection is cut
- `garbage`: full effect, the answer is unreadable
- `slow_body`: full effect, the answer drips over `value` seconds, default 5
- what else a sandbox falsifies: kinds of its own
"""

from __future__ import annotations

import asyncio
import fnmatch
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CUT: Final = "sandbox.cut"
"""Key of `scope["extensions"]`: {"now": a function that resets the connection}; `server` puts it there."""

OF_THE_WIRE: Final = ("status", "hang", "reset", "lost_answer", "garbage", "slow_body")
_BASE: Final = re.compile(r"^/[^/]+(?=/)")
_PROBLEM_JSON: Final = "application/problem+json"
_DRIPS: Final = 20


class FaultUnfit(Exception):
    """An order that is no fault; `name` is the member that is missing or invalid."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


@dataclass(slots=True)
class Fault:
    """One fault; `left` counts down, None: for ever."""

    method: str
    pattern: re.Pattern[str]
    kind: str
    value: Any
    left: int | None

    @staticmethod
    def read(body: Mapping[str, Any], own: Collection[str] = ()) -> Fault:
        """A fault as the admin API takes it; `own` are the sandbox's further kinds. Raises `FaultUnfit`."""
        match, kind, times = body.get("match"), body.get("kind"), body.get("times")
        if not isinstance(match, str) or not re.fullmatch(r"(\*|[A-Z]+) [/*]\S*", match):
            raise FaultUnfit("match")
        if not isinstance(kind, str) or (kind not in OF_THE_WIRE and kind not in own):
            raise FaultUnfit("kind")
        if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
            raise FaultUnfit("times")
        if kind == "status":
            _status_parts(body.get("value"))
        method, _, glob = match.partition(" ")
        text = fnmatch.translate(glob)
        if body.get("within_segment"):
            text = text.replace(".*", "[^/]*")
        return Fault(method, re.compile(text), kind, body.get("value"), times)

    def hits(self, method: str, path: str) -> bool:
        """Whether the fault applies to a request."""
        if self.left == 0 or self.method not in {"*", method}:
            return False
        return any(self.pattern.match(form) for form in {path, _BASE.sub("", path)})


class OrderedFaults:
    """ASGI middleware, the outermost layer.

    Args:
        app: what is spoilt.
        faults: those that are ordered now, in their order.
        refusal: the body of a `status` fault without one, a problem.
        forge: falsifies the body of an answer by a fault of an own kind; None: the endpoints do that.
    """

    def __init__(
        self,
        app: ASGIApp,
        faults: list[Fault],
        refusal: Callable[[int], bytes],
        forge: Callable[[Fault, bytes], bytes] | None = None,
    ) -> None:
        self._app = app
        self._faults = faults
        self._refusal = refusal
        self._forge = forge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, spoilt by the first fault that hits it."""
        fault = None
        if scope["type"] == "http" and self._faults and not scope["path"].startswith("/admin/"):
            hits = (f for f in self._faults if self._forge or f.kind in OF_THE_WIRE)
            fault = next((f for f in hits if f.hits(scope["method"], scope["path"])), None)
        if fault is None:
            await self._app(scope, receive, send)
            return
        if fault.left is not None:
            fault.left -= 1
        await self._spoil(fault, scope, receive, send)

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "status":
            status, headers, body = _status_parts(fault.value)
            headers = {"content-type": _PROBLEM_JSON, **headers} if status != 429 else headers
            body = self._refusal(status) if body is None else body
            await Response(body, status, headers)(scope, receive, send)
        elif fault.kind == "hang":
            await _hang(fault.value, receive)
            _cut(scope)
        elif fault.kind == "reset":
            _cut(scope)
        else:
            answer = _Answer()
            await self._app(scope, receive, answer)
            await self._after(fault, answer, scope, receive, send)

    async def _after(self, fault: Fault, answer: _Answer, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind == "lost_answer":
            _cut(scope)
        elif fault.kind == "slow_body":
            await _drip(answer, float(fault.value or 5), send)
        elif fault.kind == "garbage":
            text = fault.value if isinstance(fault.value, str) else '{"garbled": '
            status = 200 if answer.status == 204 else answer.status
            await Response(text, status, media_type="application/json")(scope, receive, send)
        elif self._forge:
            body = await asyncio.to_thread(self._forge, fault, answer.body)
            await Response(body, answer.status, answer.headers)(scope, receive, send)


class _Answer:
    """Collects what the endpoint would have sent."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: dict[str, str] = {}
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            skipped = {b"content-length", b"transfer-encoding"}
            self.headers = {k.decode(): v.decode() for k, v in message["headers"] if k.lower() not in skipped}
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


def _cut(scope: Scope) -> None:
    """End the connection without another byte."""
    cut = scope.get("extensions", {}).get(CUT)
    if cut is None:
        raise ConnectionResetError
    cut["now"]()


async def _hang(seconds: object, receive: Receive) -> None:
    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), float(seconds) if isinstance(seconds, int | float) and seconds else None)
    except TimeoutError:
        return


async def _drip(answer: _Answer, seconds: float, send: Send) -> None:
    raw = [(k.encode(), v.encode()) for k, v in answer.headers.items()]
    raw.append((b"content-length", str(len(answer.body)).encode()))
    if not answer.body:
        await asyncio.sleep(seconds)
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    step = max(1, len(answer.body) // _DRIPS)
    pieces = [answer.body[i : i + step] for i in range(0, len(answer.body), step)]
    for piece in pieces:
        await asyncio.sleep(seconds / len(pieces))
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _status_parts(value: object) -> tuple[int, dict[str, str], bytes | None]:
    """Status, headers and body of a `status` fault; 429 has no body, as at FITKO."""
    parts = value if isinstance(value, Mapping) else {"status": value}
    status = parts.get("status")
    headers = parts.get("headers", {})
    if isinstance(status, bool) or not isinstance(status, int) or not 400 <= status <= 599:
        raise FaultUnfit("value")
    if not isinstance(headers, Mapping) or not all(isinstance(v, str) for v in headers.values()):
        raise FaultUnfit("value")
    content = parts.get("body")
    body = content.encode() if isinstance(content, str) else None
    return status, dict(headers), b"" if status == 429 else body


def describe(fault: Fault) -> dict[str, Any]:
    """A fault as the admin API shows it."""
    shown = {"method": fault.method, "kind": fault.kind, "value": fault.value, "left": fault.left}
    return json.loads(json.dumps(shown))  # type: ignore[no-any-return]
