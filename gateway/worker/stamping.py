"""Has signed roots time-stamped by an authority.

Knows: which roots wait, one exchange for each. Never does: hold anybody up; a root without a stamp stands all the same.
Standard: RFC 3161 §3.4 (HTTP). Start reading: `stamp_roots`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import httpx

from gateway.errors import CounterpartAway, CounterpartRefused, CryptoFailure, DatabaseAway, EvidenceRefused
from gateway.evidence import stamp
from gateway.outbound.httpx_transport import exchange
from gateway.store.connection.database import Database
from gateway.store.proof import roots

TRIED_FOR: Final = timedelta(days=7)


async def stamp_roots(
    database: Database, client: httpx.AsyncClient, url: str, now: datetime, random: Callable[[int], bytes]
) -> int:
    """Fetch a time stamp for each root of the last days that has none, ten at most; how many there were.

    `random` gives so many random bytes. Raises the errors of an exchange, and `EvidenceRefused` for an answer that is
    no stamp over the root; where one root fails the others are tried all the same, unless the authority is away.
    """
    waiting = await roots.unstamped(database, now - TRIED_FOR)
    first: Exception | None = None
    for no, token in waiting:
        try:
            await _stamp(database, client, url, now, random, no=no, token=token)
        except (DatabaseAway, CounterpartAway):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is said once the others had their turn
            first = first or error
    if first is not None:
        raise first
    return len(waiting)


async def _stamp(  # noqa: PLR0913 - what an exchange is made of
    database: Database,
    client: httpx.AsyncClient,
    url: str,
    now: datetime,
    random: Callable[[int], bytes],
    *,
    no: int,
    token: str,
) -> None:
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
