"""Has signed roots time-stamped by an authority.

Knows: which roots wait, one exchange for each. Never does: hold anybody up; a root without a stamp stands all the same.
Standard: RFC 3161 §3.4 (HTTP). Start reading: `stamp_roots`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from gateway.errors import CounterpartRefused, CryptoFailure, EvidenceRefused
from gateway.evidence import stamp
from gateway.outbound.client import Client, exchange
from gateway.store import roots
from gateway.store.database import Database

TRIED_FOR: Final = timedelta(days=7)


async def stamp_roots(
    database: Database, client: Client, url: str, now: datetime, random: Callable[[int], bytes]
) -> int:
    """Fetch a time stamp for each root of the last days that has none, ten at most; how many there were.

    `random` gives so many random bytes. Raises the errors of an exchange, and `EvidenceRefused` for an answer that is
    no stamp over the root.
    """
    waiting = await roots.unstamped(database, now - TRIED_FOR)
    for no, token in waiting:
        nonce = int.from_bytes(random(8))
        answer = await exchange(
            client,
            "POST",
            url,
            headers={"Content-Type": stamp.REQUEST_TYPE, "Accept": stamp.ANSWER_TYPE},
            content=stamp.request(token.encode(), nonce),
            limit=stamp.LARGEST,
            call="timestamp.stamp",
        )
        if answer.status != 200:
            raise CounterpartRefused(host=answer.host, http_status=answer.status)
        try:
            stamp.check(answer.body, token.encode(), nonce=nonce)
        except CryptoFailure:
            raise EvidenceRefused(rule="time_stamp") from None
        await roots.keep_stamp(database, no, answer.body, now)
    return len(waiting)
