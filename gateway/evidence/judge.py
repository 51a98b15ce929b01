"""Judging what a database holds of evidence: the chain of roots, each root's leaves, a state against its chain.

Knows: what must agree, whatever was written past the gateway. Never does: I/O, repair; judge an archive
(`verify`). Standard: ADR 8. Start reading: `Walk`.

Each root names the digest of the one before (hash chain): where a trusted key signed the newest one, or it is known
from outside, no earlier root can be taken out, changed or put in unnoticed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import CryptoFailure
from gateway.evidence import archive, roots
from gateway.evidence.chain import Link
from gateway.evidence.faults import fault
from gateway.evidence.merkle import Tree
from gateway.evidence.roots import NOTHING, Newest
from gateway.evidence.trust import Signers
from gateway.fitconnect import events
from gateway.model import Finding, State
from gateway.submission.states import ENDS, WAITING


@dataclass(slots=True)
class Walk:
    """Goes from root to root. `since` is the root that was judged last: the first one taken follows it."""

    signers: Signers
    since: Newest = NOTHING
    newest: Newest = field(init=False)
    _token: str | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        self.newest = self.since

    def take(self, no: int, token: str, leaves: Sequence[bytes]) -> Iterator[Finding]:
        """Judge the next root as it is stored; `leaves` in their order."""
        before, pointer = self.newest, archive.root_name(no)
        self.newest, self._token = Newest(no, roots.digest_of(token)), token
        if no != before.no + 1:
            yield fault(archive.root_name(before.no + 1), "root_missing")
        try:
            root = roots.unproven(token)
        except (CryptoFailure, ValueError, RecursionError):
            yield fault(pointer, "form")
            return
        if root.no != no or (no == before.no + 1 and root.prev != before.digest):
            yield fault(pointer, "root_order")
        if len(leaves) != root.leaves or Tree(leaves).root != root.root:  # a root has at least one leaf
            yield fault(pointer, "root_leaves")
        if self.signers.knows(token) and not self._signed(token):
            yield fault(pointer, "signature")

    def end(self) -> Iterator[Finding]:
        """Judge the last root taken: those before hang on it, so one of the trusted keys must have signed it."""
        if self._token is not None and not self.signers.knows(self._token):
            yield fault(archive.root_name(self.newest.no), "signature")

    def _signed(self, token: str) -> bool:
        try:
            self.signers.payload(token, roots.ROOT_TYPE)
        except CryptoFailure:
            return False
        return True


def contradicts(state: State, links: Sequence[Link]) -> bool:
    """Whether a submission cannot stand in `state` if its chain is true.

    States before the last request to the counterpart have no entries of their own; all others have one.
    """
    possible: set[State] = set(WAITING)
    before, sealed = possible, ""
    verdicts: set[State] = set()
    for link in links:
        body = json.loads(link.body)
        if link.kind == "sealed":
            sealed = str(body.get("destination_id"))
        elif link.kind == "held":
            possible = {State.HELD}
        elif link.kind == "resumed":
            possible = before
        elif link.kind == "submitted":
            possible = before = {State.SUBMITTED, State.DELIVERED}
        elif link.kind == "cancelled":
            possible = {State.CANCELLED}
        elif link.kind == "event":
            verdicts |= _verdict(body, sealed)
    if State.SUBMITTED in possible and verdicts:
        return state not in verdicts
    return state not in possible


def erased(links: Sequence[Link]) -> bool:
    """Whether the chain says that the payload was erased: without that no submission may be gone."""
    return any(link.kind == "erased" for link in links)


def events_differ(events: Sequence[Mapping[str, Any]], links: Sequence[Link]) -> bool:
    """Whether a submission's row names signed events that are not those of its chain, each with the same outcome."""
    bodies = [json.loads(link.body) for link in links if link.kind == "event"]
    chained = {(body.get("token"), body.get("verified")) for body in bodies}
    return any((event.get("token"), event.get("verified")) not in chained for event in events)


def _verdict(body: Mapping[str, Any], destination: str) -> set[State]:
    if not body.get("verified"):
        return set()
    end = ENDS.get(events.meaning(str(body.get("type")), str(body.get("issuer")), destination, verified=True))
    return {end} if end else set()
