"""What stored events mean: a row keeps their types verbatim, its channel says what each of them means.

Knows: the channels whose rows there are. Never does: store a meaning, which follows from the rest of an event.
Standard: architecture §2 (seams). Start reading: `meaning`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.fitconnect import events as fitconnect
from gateway.fitconnect.limits import FITCONNECT
from gateway.model import EventMeaning

_OF: Final = {FITCONNECT: fitconnect.meaning}
_TYPES: Final = (fitconnect.MEANINGS,)


def meaning(channel: str, event: Mapping[str, Any], destination_id: str | None) -> EventMeaning:
    """What an event in a row of that channel means; of a channel that this release does not know: a notice."""
    of = _OF.get(channel)
    if of is None:
        return EventMeaning.NOTICE
    return of(event["type"], event["issuer"], destination_id, verified=event["verified"])


def types(wanted: EventMeaning) -> tuple[str, ...]:
    """The types, whatever the channel, that have this meaning."""
    return tuple(kind for meanings in _TYPES for kind, meant in meanings.items() if meant is wanted)
