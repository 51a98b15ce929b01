"""What an authority's message says about a case, as values.

Knows: the kinds of messages and what each brings. Never does: read XML (`incoming.py` does).
Standard: XBau-Kernmodul 1.3.0. Start reading: `CaseEvent`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class CaseEventKind(StrEnum):
    """What an authority's message says about a case (by XBau-Kernmodul 1.3.0 in brackets)."""

    MESSAGE_REFUSED = "message_refused"  # 1100
    RECEIPT_CONFIRMED = "receipt_confirmed"  # 1120
    FILE_NUMBER_GIVEN = "file_number_given"  # 1121
    FORMALLY_CHECKED = "formally_checked"  # 1140
    STATUS_CHANGED = "status_changed"  # 1170
    MESSAGE_ACKNOWLEDGED = "message_acknowledged"  # 1180


@dataclass(frozen=True, slots=True)
class Code:
    """A value of a code list, with the list and its version as the message names them (empty where it does not)."""

    code: str
    list_uri: str = ""
    list_version: str = ""


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """What one message of an authority says about a case. May hold personal data.

    `reference` is what the authority refers to: the id of the case, or in an acknowledgement of a message; `answers` is
    the message that it reacts to. `codes` are grounds, findings, status or kind of message, `texts` paragraphs in
    order. `complete` is the verdict of a formal check, `due_on` a day that was set, `attachments` are document id and
    file name of what was sent along. `test` marks a message that its author does not mean in earnest.
    """

    kind: CaseEventKind
    message_id: UUID
    at: datetime
    author_id: str
    author_name: str = field(repr=False)
    reader_id: str
    reference: UUID | None = None
    answers: UUID | None = None
    file_number: str | None = field(default=None, repr=False)
    codes: tuple[Code, ...] = ()
    texts: tuple[str, ...] = field(default=(), repr=False)
    complete: bool | None = None
    due_on: date | None = None
    attachments: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    test: bool = False

    def belongs_to(self, case_id: UUID, message_id: UUID) -> bool:
        """Whether it speaks of this case or answers this message of it."""
        return self.reference in {case_id, message_id} or self.answers == message_id
