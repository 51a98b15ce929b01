"""The life of a submission, as a table.

Rule 1: everything that says which state may follow which stands in `TRANSITIONS`; no other module decides it.
Rule 2: this module does not know who causes a transition or what it costs.
Never does: I/O, time, persistence. Standard: fixed interfaces §3 (states). Start reading: `TRANSITIONS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.errors import IllegalTransition
from gateway.model import EventMeaning, State

TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.RECEIVED: frozenset({State.SEALED, State.HELD, State.CANCELLED}),
        # back to sealed: the counterpart forgot the announcement (24 h); back to received: its keys changed
        State.SEALED: frozenset({State.ANNOUNCED, State.RECEIVED, State.HELD, State.CANCELLED}),
        State.ANNOUNCED: frozenset({State.UPLOADED, State.SEALED, State.RECEIVED, State.HELD, State.CANCELLED}),
        State.UPLOADED: frozenset({State.SUBMITTED, State.SEALED, State.RECEIVED, State.HELD, State.CANCELLED}),
        State.SUBMITTED: frozenset({State.DELIVERED, State.ACCEPTED, State.REJECTED, State.EXPIRED}),
        State.DELIVERED: frozenset({State.ACCEPTED, State.REJECTED}),
        State.HELD: frozenset({State.RECEIVED, State.SEALED, State.ANNOUNCED, State.UPLOADED, State.CANCELLED}),
        State.ACCEPTED: frozenset(),
        State.REJECTED: frozenset(),
        State.EXPIRED: frozenset(),
        State.CANCELLED: frozenset(),
    }
)

TERMINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)
WAITING = frozenset({State.RECEIVED, State.SEALED, State.ANNOUNCED, State.UPLOADED})
"""On their way to the counterpart, without a person."""
BEFORE_SUBMITTED = WAITING | {State.HELD}
RESTING = TERMINAL | {State.HELD}
"""Nothing is done for them; all others are open, and each of those has a job."""
ANSWERED = TERMINAL - {State.CANCELLED}
"""Submitted and ended."""
ENDS: Mapping[EventMeaning, State] = MappingProxyType(
    {
        EventMeaning.ACCEPTED: State.ACCEPTED,
        EventMeaning.REJECTED: State.REJECTED,
        EventMeaning.WITHDRAWN: State.EXPIRED,
    }
)
"""The end that a verified event brings."""
ERASABLE = TERMINAL | {State.DELIVERED}
"""The gateway needs the payload no more."""


def transition(current: State, following: State) -> State:
    """Return `following` if the table allows it after `current`; a state may stay as it is.

    Raises `IllegalTransition` otherwise.
    """
    if following is not current and following not in TRANSITIONS[current]:
        raise IllegalTransition(current=current.value, following=following.value)
    return following


def diagram() -> str:
    """The table as a Mermaid state diagram; `docs/reference/states.md` is generated from it."""
    lines = ["stateDiagram-v2", "    [*] --> received"]
    for state, following in TRANSITIONS.items():
        lines += [f"    {state} --> {target}" for target in sorted(following)]
    lines += [f"    {state} --> [*]" for state in sorted(TERMINAL)]
    return "\n".join(lines)
