"""What people say of an online service: a form of four questions, and what may be in it.

Knows: the questions, their bounds, the shape of a batch. Never does: know who answered. Standards: Regulation (EU)
2018/1724 article 25, Implementing Regulation (EU) 2020/1121. Start reading: `read`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from unicodedata import category

from gateway.catalogue.statistics.interfaces import SdgInterface

TEXT_MOST: Final = 2_000
"""Characters of free text."""
RATINGS: Final = ("1", "2", "3", "4", "5")
CATEGORY, RATING, FOUND, TEXT = "category", "rating", "found", "text"
FIELDS: Final = (CATEGORY, RATING, FOUND, TEXT)


@dataclass(frozen=True, slots=True)
class Feedback:
    """One answer to the form; `source` is the address of the page that it is about."""

    municipality: str
    service: str
    source: str
    category: str
    rating: int
    found: str
    text: str = field(default="", repr=False)


class FeedbackRows(Protocol):
    """Where answers wait until they are sent."""

    async def keep(self, feedback: Feedback) -> None:
        """Keep it, its text encrypted.

        Raises `TooManyRequests` where the municipality has had its share of the hour or month, and `DatabaseAway`.
        """
        ...


def read(pairs: Iterable[tuple[str, str]], interface: SdgInterface) -> tuple[Mapping[str, str], Sequence[str]]:
    """The form's fields, lines ending in LF, and the names of those that cannot stay as they are."""
    handed_in: dict[str, list[str]] = {name: [] for name in FIELDS}
    for name, value in pairs:
        if name in handed_in:
            handed_in[name].append(value)
    values = {name: several[0] if len(several) == 1 else "" for name, several in handed_in.items()}
    values[TEXT] = _lines(values[TEXT])
    allowed = {CATEGORY: interface.categories, RATING: RATINGS, FOUND: interface.found}
    faults = [name for name, choices in allowed.items() if values[name] not in choices]
    if len(handed_in[TEXT]) > 1 or len(values[TEXT]) > TEXT_MOST or not _plain(values[TEXT]):
        faults.append(TEXT)
    return values, faults


def batch(feedbacks: Sequence[Feedback]) -> list[dict[str, Any]]:
    """The answers as the Commission's repository takes them."""
    return [
        {
            "feedback": {
                "category": feedback.category,
                "rating": feedback.rating,
                "source": feedback.source,
                "foundInformation": feedback.found,
                "helpUsImprove": feedback.text,
            }
        }
        for feedback in feedbacks
    ]


def _lines(text: str) -> str:
    """Browsers send every line of a text with CR LF, and count one character for both."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _plain(text: str) -> bool:
    return all(category(character) not in {"Cc", "Cs"} or character in "\n\t" for character in text)
