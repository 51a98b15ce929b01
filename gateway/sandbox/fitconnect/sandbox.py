"""The sandbox as one object: what its endpoints share.

Knows: store, clock, ids, keys, tokens, faults, and where it is reached. Never does: speak HTTP.
Standard: none. Start reading: `Sandbox.open`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from weakref import WeakValueDictionary

from gateway.crypto.keys import PrivateKey
from gateway.fitconnect import names
from gateway.sandbox.clock import Clock, Ids
from gateway.sandbox.faults import Fault
from gateway.sandbox.fitconnect import keyring
from gateway.sandbox.fitconnect.documents import Documents
from gateway.sandbox.fitconnect.ended import Ended
from gateway.sandbox.fitconnect.keyring import SandboxKeys
from gateway.sandbox.fitconnect.offers import DEMO, SampleService
from gateway.sandbox.fitconnect.records import AUTOMATIC, MANUAL, ApiClient, Destination, Submission
from gateway.sandbox.fitconnect.store import Store

log = logging.getLogger(__name__)

SENDER: Final = "sender"
SUBSCRIBER: Final = "subscriber"
_SCOPES: Final = {
    SENDER: (names.SCOPE_SEND,),
    SUBSCRIBER: (names.SCOPE_SUBSCRIBE, names.SCOPE_MANAGE, names.SCOPE_CREATE),
}
_CLIENTS: Final = ((SENDER, 1), (SUBSCRIBER, 1), (SENDER, 2))
"""How many clients of a role there are at least, in their order; the second sender is a stranger to the first."""
_OPENINGS_AT_ONCE: Final = 2


@dataclass(slots=True)
class Token:
    """An access token that was given out. `expires_at` in Unix seconds of the sandbox's clock."""

    client: ApiClient
    scopes: frozenset[str]
    expires_at: float


@dataclass(slots=True)
class Sandbox:
    """All state. Changed only on the event loop; `lock` serialises what happens to a case."""

    store: Store
    clock: Clock
    ids: Ids
    keys: SandboxKeys
    base_url: str
    admin_path: str
    schemas: Path | None = None
    signers: Path | None = None
    offered: Sequence[SampleService] = DEMO
    documents: Documents = field(init=False, repr=False)
    ended: Ended = field(init=False, repr=False)
    tokens: dict[str, Token] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    callback_log: list[dict[str, Any]] = field(default_factory=list)
    post: Callable[[str, bytes, dict[str, str]], Coroutine[Any, Any, int]] | None = None
    signed_routes: dict[str, tuple[Any, str]] = field(default_factory=dict)
    route_requests: dict[int, int] = field(default_factory=dict)
    opening: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_OPENINGS_AT_ONCE))
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.documents = Documents({key: file for offer in self.offered for key, file in offer.sources.items()})
        self.ended = Ended(self.store)

    @staticmethod
    def open(  # noqa: PLR0913 - what a sandbox can be given, all of it named
        directory: Path,
        *,
        base_url: str,
        offered: Sequence[SampleService] = DEMO,
        schemas: Path | None = None,
        signers: Path | None = None,
        clock: Clock | None = None,
        ids: Ids | None = None,
        keys: SandboxKeys | None = None,
    ) -> Sandbox:
        """Open or begin the sandbox in `directory`; `base_url` without trailing slash is where clients reach it.

        `schemas` holds official metadata schema files, `signers` a JWK set of those who may sign documents; without
        them own rules serve, and any key that a signature brings along.
        """
        store, ids = Store(directory), ids or Ids()
        clock = clock or Clock(offset_s=float(store.facts.get("clock_offset_s", 0)))
        ring = keys or SandboxKeys.load(directory / "keys", now=clock.now(), ids=ids)
        if "admin" not in store.facts:
            store.fact("admin", ids.secret())
        admin_path = f"/admin/{store.facts['admin']}"
        sandbox = Sandbox(store, clock, ids, ring, base_url, admin_path, schemas, signers, offered)
        sandbox.establish()
        return sandbox

    def establish(self, *, anew: bool = False) -> None:
        """Clients and own destinations as the sandbox begins; services and keys follow what is given now.

        What was changed about a destination since (status, callback, mode) stays, unless `anew`.
        """
        for role, least in _CLIENTS:
            if sum(c.role == role for c in self.store.clients.values()) < least:
                client = ApiClient(role, f"sandbox-{role}-{self.ids.uuid()[:8]}", self.ids.secret(), _SCOPES[role])
                self.store.put(client, commits="sandbox.establish")
        for kind in (AUTOMATIC, MANUAL):
            self._own_destination(kind, anew=anew)

    def _own_destination(self, kind: str, *, anew: bool) -> None:
        before = next((d for d in self.store.destinations.values() if d.ours and d.subscriber == kind), None)
        encryption = self.keys.keys[f"{kind}-{keyring.ENCRYPTION}"]
        signing = self.keys.keys[f"{kind}-{keyring.SIGNING}"]
        services = tuple(offer.as_json() for offer in self.offered)
        keys = {key.kid: dict(key.public_jwk) for key in (encryption, signing)}
        if before and not anew:
            after = replace(before, services=services, keys={**before.keys, **keys})
            self.store.put(after, commits="sandbox.establish")
            return
        self.store.put(
            Destination(
                id=before.id if before else self.ids.uuid(),
                name=f"Sandbox ({kind})",
                owner=self.client(SUBSCRIBER).client_id,
                status=names.STATUS_ACTIVE,
                services=services,
                encryption_kid=encryption.kid,
                keys=keys,
                metadata_versions=("2.0.0", "2.1.0"),
                subscriber=kind,
                contact={
                    "legalName": "FIT-Connect-Sandbox",
                    "address": "Am Beispiel 1, 39517 Tangerhütte",
                    "phone": "+49 0000 0",
                    "email": "sandbox@example.org",
                },
                reply_channels={"eMail": {"usePgp": False}},
                ours=True,
            ),
            commits="sandbox.establish",
        )

    def client(self, role: str) -> ApiClient:
        """The first client of a role."""
        return next(c for c in self.store.clients.values() if c.role == role)

    def key_of(self, destination: Destination, kind: str) -> PrivateKey:
        """The private key of one of our own destinations."""
        return self.keys.keys[f"{destination.subscriber}-{kind}"]

    def own_destination(self, kind: str) -> Destination:
        """The sandbox's own automatic or manual destination."""
        return next(d for d in self.store.destinations.values() if d.ours and d.subscriber == kind)

    @property
    def issuer(self) -> str:
        """The delivery service's `iss`."""
        return f"{self.base_url}/submission-api"

    @property
    def portal_issuer(self) -> str:
        """The portal's `iss`."""
        return f"{self.base_url}/portal"

    @property
    def host(self) -> str:
        """Host and port, as destination signatures name it."""
        return self.base_url.partition("://")[2]

    def lock(self, case_id: str) -> asyncio.Lock:
        """The lock under which a case changes; it is gone when nobody holds or awaits it."""
        return self._locks.setdefault(case_id, asyncio.Lock())

    def current(self, submission: Submission) -> Submission | None:
        """The submission as it is now, None where it is gone."""
        return self.store.submissions.get(submission.id)

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Run `work` beside the requests until it ends or the sandbox closes."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("background work failed", exc_info=error)

    async def settle(self) -> None:
        """Wait until no background work is left."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def close(self) -> None:
        """Stop background work and close the journal."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.store.close()
