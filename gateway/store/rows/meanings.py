"""What stored events mean: a row keeps their types verbatim, its channel says what each of them means.

Knows: the channels whose rows there are. Never does: store a meaning, which follows from the rest of an event.
Standard: architecture §2 (seams). Start reading: `understood`.
"""

from __future__ import annotations

from typing import Final

from gateway.fitconnect import events as fitconnect
from gateway.fitconnect.limits import FITCONNECT
from gateway.model import Event, EventMeaning

_OF: Final = {FITCONNECT: fitconnect.understood}
_TYPES: Final = (fitconnect.MEANINGS,)


def understood(channel: str, event: Event, destination_id: str | None) -> Event:
    """The event as a row of that channel means it; of a channel that this release does not know: a notice."""
    of = _OF.get(channel)
    return of(event, destination_id) if of else event


def types(meaning: EventMeaning) -> tuple[str, ...]:
    """The types, whatever the channel, that have this meaning."""
    return tuple(kind for meanings in _TYPES for kind, meant in meanings.items() if meant is meaning)
