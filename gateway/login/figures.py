"""Figures of logins in one process, by municipality and provider of the settings and by outcomes of closed lists.

Knows: what is counted; that a label is never text of a request. Never does: write anywhere, hold who somebody is.
Standard: Prometheus counters and histograms. Start reading: `LoginFigures`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.ports.identity import RefusalKind

SECONDS: Final = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Upper bounds of the histogram; one more holds what took longer."""
ACCEPTED: Final = "accepted"
OUTCOMES: Final = (ACCEPTED, *(kind.value for kind in RefusalKind))
"""What becomes of an identity provider's answer."""
OTHER: Final = "other"
Labels = tuple[str, str]
"""Municipality (its ARS) and name of the identity provider, both from the settings."""


@dataclass(slots=True)
class LoginSeconds:
    """How long logins took: how many in each bucket, and their sum."""

    numbers: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    seconds: float = 0.0


@dataclass(slots=True)
class Outcomes:
    """Answers since they were last taken: accepted, and refused for what is wrong with them."""

    accepted: int = 0
    refused: int = 0


class LoginFigures:
    """Counters of one process. A reason that is not among `reasons` counts as another one."""

    def __init__(self, reasons: Collection[str] = ()) -> None:
        self._known = frozenset(reasons)
        self.started: Counter[Labels] = Counter()
        self.answers: Counter[tuple[str, str, str]] = Counter()
        self.refusals: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.durations: dict[Labels, LoginSeconds] = {}
        self._fresh: dict[Labels, Outcomes] = {}

    def start(self, municipality: str, provider: str) -> None:
        """A browser is sent to an identity provider."""
        self.started[municipality, provider] += 1

    def accept(self, municipality: str, provider: str, seconds: float) -> None:
        """An answer signed somebody in, so long after the portal asked."""
        self.answers[municipality, provider, ACCEPTED] += 1
        took = self.durations.setdefault((municipality, provider), LoginSeconds())
        took.numbers[bisect_left(SECONDS, seconds)] += 1
        took.seconds += seconds
        self._fresh_of((municipality, provider)).accepted += 1

    def reject(self, municipality: str, provider: str, kind: RefusalKind) -> None:
        """An answer signed nobody in. People may cancel or have too little: the alarm counts the others alone."""
        self.answers[municipality, provider, kind.value] += 1
        if kind is RefusalKind.FAILED:
            self._fresh_of((municipality, provider)).refused += 1

    def refuse(self, reason: str) -> None:
        """A request of a login was refused, whoever's fault it is."""
        self.refusals[reason if reason in self._known else OTHER] += 1

    def redeem(self, *, succeeded: bool) -> None:
        """Somebody brought a code and was given tokens, or nothing."""
        self.codes["redeemed" if succeeded else "refused"] += 1

    def take(self) -> Mapping[Labels, Outcomes]:
        """What became of answers since the last call."""
        taken, self._fresh = self._fresh, {}
        return taken

    def put_back(self, taken: Mapping[Labels, Outcomes]) -> None:
        """What could not be written down counts on."""
        for labels, outcomes in taken.items():
            fresh = self._fresh_of(labels)
            fresh.accepted += outcomes.accepted
            fresh.refused += outcomes.refused

    def _fresh_of(self, labels: Labels) -> Outcomes:
        return self._fresh.setdefault(labels, Outcomes())
