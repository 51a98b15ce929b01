"""Taking back and correcting: what a portal may still change about an application it handed off.

Knows: in which order the two versions come and go. Never does: HTTP, SQL; decide until when
(`submission.actions` does); tell the counterpart (it forgets an announcement that is never submitted).
Standard: fixed interfaces §3, architecture §3. Start reading: `withdraw`.
"""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from gateway.errors import RecordInvalid, StateConflict, VersionGone
from gateway.intake.body import Application
from gateway.intake.create import Admit, Intake
from gateway.model import Client, Finding, State
from gateway.ports.clock import Clock
from gateway.ports.store import Store, View
from gateway.submission.actions import cancelled

ATTEMPTS = 5
"""How often a worker may commit first before `StateConflict` is raised."""


async def withdraw(store: Store, clock: Clock, submission_id: UUID) -> None:
    """Cancel an application that was not submitted yet; one cancelled before stays so.

    A worker at it finds its version gone and changes nothing any more. Raises `StateConflict`, `NotFound`.
    """
    for _ in range(ATTEMPTS):
        current = await store.load(submission_id)
        if current.state is State.CANCELLED:
            return
        with suppress(VersionGone):
            await store.commit(current.version, cancelled(current, clock.now(), "portal"))
            return
    raise StateConflict(state=current.state.value)


def taken_again(old: View, application: Application) -> int:
    """Bytes of the old application's files that the new one names: as many more will be stored."""
    again = {item.upload for item in application.attachments or ()}
    return sum(file.size for file in old.attachments if file.upload in again)


async def correct(  # noqa: PLR0913, PLR0917 - what `Intake.create` needs, and the old one
    intake: Intake, client: Client, old: View, application: Application, key: str, admit: Admit | None = None
) -> View:
    """Take over a corrected application in place of `old`, which is cancelled if it was not submitted yet.

    It may name uploads of the old one, as long as their bytes are kept: it gets copies under a key of its own.

    The new one stands before the old one goes; a repeat with the same key cancels what an interruption left.
    Raises what `Intake.create` does, and `Superseded` where another correction was there first.
    """
    faults = [
        Finding(
            f"/{name}",
            "correction_differs",
            "Eine Korrektur gilt demselben Dienst und derselben Kommune.",
            "A correction is for the same service and municipality.",
        )
        for name, claimed, before in (
            ("service", application.service, old.submission.service),
            ("municipality", application.municipality, old.submission.municipality),
        )
        if claimed is not None and claimed != before
    ]
    if faults:
        raise RecordInvalid(findings=tuple(faults))
    correction = await intake.create(client, application, key, supersedes=old.submission.id, admit=admit)
    with suppress(StateConflict):
        await withdraw(intake.store, intake.clock, old.submission.id)
    return correction
