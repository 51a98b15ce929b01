"""What a person decides about a submission, as a closed vocabulary, and the one way in which it is done.

Knows: the decisions, whom evidence names for them. Never does: ask who may, choose submissions.
Standard: architecture §5 (evidence keeps who did what). Start reading: `decide`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import structlog

from gateway.errors import DatabaseAway, StateConflict, VersionGone, unexpected
from gateway.model import Submission
from gateway.ports.clock import Clock
from gateway.ports.store import Change, Store
from gateway.submission.actions import cancelled, resumed

log = structlog.get_logger()


class Decision(StrEnum):
    """What a person can decide about a submission that is held."""

    RESUME = "resume"
    CANCEL = "cancel"


class Interface(StrEnum):
    """By whom, in the words of evidence; never a person's name."""

    COMMAND_LINE = "operator, command line"


class Undone(StrEnum):
    """In place of a state: somebody else decided meanwhile, or the row can be neither read nor written."""

    CHANGED = "changed"
    UNREADABLE = "unreadable"


CHANGES: Final[Mapping[Decision, Callable[[Submission, datetime, str], Change]]] = {
    Decision.RESUME: resumed,
    Decision.CANCEL: cancelled,
}


async def decide(store: Store, clock: Clock, submission_id: UUID, decision: Decision | None, by: Interface) -> str:
    """Carry out the decision, or only look where it is None; the state afterwards, or why nothing was done.

    Raises `DatabaseAway`; whatever else is wrong with one row must not hold up the others.
    """
    try:
        current = await store.load(submission_id)
        if decision is not None:
            current = await store.commit(current.version, CHANGES[decision](current, clock.now(), by.value))
    except (StateConflict, VersionGone):
        return Undone.CHANGED.value
    except DatabaseAway:
        raise
    except Exception as error:  # noqa: BLE001 - one bad row must not hold up the others
        log.error("held.not_changed", submission_id=str(submission_id), **unexpected.named(error))  # noqa: TRY400 - without its text
        return Undone.UNREADABLE.value
    return current.state.value
