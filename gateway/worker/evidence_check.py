"""Signs the minute's roots and judges all evidence each night; what does not verify becomes an alarm.

Knows: when, and which errors mean that evidence is broken. Never does: judge (`gateway/store/proof/integrity.py`
reads, and `gateway/evidence/judge.py` judges), repair. Standard: ADR 8. Start reading: `EvidenceMonitor`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

import structlog

from gateway.crypto.keys import PrivateKey
from gateway.errors import EvidenceBroken, EvidenceShortened, EvidenceWitnessUnreadable
from gateway.ports.clock import Clock
from gateway.store.operation import alarms
from gateway.store.postgres import PostgresStore
from gateway.store.proof import roots
from gateway.store.proof.integrity import Audit, proofs
from gateway.store.proof.judging import Guard

RULE: Final = "evidence_broken"
SIGNING: Final = "signing"
"""Subject of the alarm where nothing more may be signed."""
NIGHTLY: Final = "nightly"
"""Subject of the alarm where the nightly look found something."""
NAMED: Final = 20  # places in a line of the log

log = structlog.get_logger()


@dataclass(slots=True)
class EvidenceMonitor:
    """Watches over the evidence of one database, for one process."""

    store: PostgresStore
    key: PrivateKey
    guard: Guard
    clock: Clock
    _judged: date | None = field(default=None, init=False)

    async def sign(self) -> None:
        """Sign what is due; where it may not be signed, raise the alarm until somebody made it whole."""
        try:
            await roots.sign_due(self.store.database, self.key, self.clock.now(), self.guard)
        except (EvidenceBroken, EvidenceShortened, EvidenceWitnessUnreadable) as error:
            places = [finding.pointer for finding in error.findings]
            await log.aerror("evidence.not_signed", code=error.code, places=places[:NAMED])
            await alarms.raise_about_gateway(self.store.database, RULE, SIGNING, self.clock.now())

    async def look(self) -> Audit | None:
        """Judge everything once a day; None where today's look is over. What is whole again ends the alarms."""
        now = self.clock.now()
        if self._judged == now.date():
            return None
        known = self.guard.known()
        audit = await proofs(self.store, (self.key.public_jwk, *self.guard.published), known)
        self._judged = now.date()
        if audit.broken:
            await log.aerror("evidence.broken", number=len(audit.broken), places=audit.broken[:NAMED])
            await alarms.raise_about_gateway(self.store.database, RULE, NIGHTLY, now)
            return audit
        await log.ainfo("evidence.whole", roots=audit.roots, chains=audit.chains)
        for subject in (SIGNING, NIGHTLY):
            await alarms.resolve_about_gateway(self.store.database, RULE, subject, now)
        return audit
