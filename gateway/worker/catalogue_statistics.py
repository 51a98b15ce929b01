"""Counts transactions and sends monthly figures.

Knows: when it counts. Never does: count, send (the store and `catalogue.statistics.sending` do).
Standard: architecture §2. Start reading: `count`.
"""

from __future__ import annotations

import asyncio
from typing import Final

from gateway.errors.recurring import Failures, repeat
from gateway.store.catalogue.transaction_counts import StoredTransactionCounts
from gateway.wiring.catalogue_statistics import open_statistics_sender
from gateway.wiring.runtime import Runtime

FIRST_S: Final = 15.0
"""Seconds after the start: a worker that starts has deliveries to take over."""
COUNT_EVERY_S: Final = 600.0
"""Several times before anything of a day may be erased."""


async def count(runtime: Runtime, failures: Failures) -> None:
    """Count again what is not counted to its end."""
    await asyncio.sleep(FIRST_S)
    counts = StoredTransactionCounts(runtime.store.database)
    await repeat(failures, "transactions_count", lambda: counts.count(runtime.clock.now()), COUNT_EVERY_S)


async def send(runtime: Runtime, failures: Failures) -> None:
    """Prepare and send whatever there is, where there is anybody to send it to; forget what is old in any case."""
    await asyncio.sleep(FIRST_S)
    async with open_statistics_sender(runtime, failures) as sender:
        await sender.run()
