"""The addresses of a portal to which a browser may be sent, and how an answer is added to them.

Knows: exact comparison, the one exception for apps on loopback. Never does: normalise, follow, guess.
Standards: RFC 6749 §3.1.2 and §4.1.2, RFC 8252 §7, RFC 9700 §2.1. Start reading: `registered`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlencode

_LIMIT: Final = 2048
_LOOPBACK: Final = re.compile(r"http://(?:127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?(?=[/?]|$)", re.ASCII)
_PORTS: Final = range(1, 65536)


def registered(address: str, known: Iterable[str], *, public: bool) -> bool:
    """Whether an address is one of the registered ones, character by character.

    An app (a public client) on a loopback address is given a port by its system: any is taken (RFC 8252 §7.3).
    """
    if len(address) > _LIMIT:
        return False
    known = tuple(known)
    return address in known or (public and (bare := _without_port(address)) is not None and bare in _bare(known))


def answered(address: str, parameters: Mapping[str, str | None]) -> str:
    """The address with the parameters of an answer added to its query; those that are None are left out."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    if not query:
        return address
    return f"{address}{'&' if '?' in address else '?'}{query}"


def _bare(known: Iterable[str]) -> set[str]:
    return {bare for address in known if (bare := _without_port(address)) is not None}


def _without_port(address: str) -> str | None:
    loopback = _LOOPBACK.match(address)
    if loopback is None or (loopback[1] is not None and int(loopback[1]) not in _PORTS):
        return None
    host = loopback[0].removesuffix(f":{loopback[1]}") if loopback[1] is not None else loopback[0]
    return host + address[loopback.end() :]
