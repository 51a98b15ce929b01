"""Answers that are wrong, or unusual, on order.

Knows: the kinds and how long an order holds. Never does: write an answer; `answer` does.
Standard: fixed interfaces §5. Start reading: `KINDS`.

The fault's `match` is held against the request that brings the answer: `POST /idp/*`, or `* /ekona/*`. Several that
match are all obeyed, and each is used once for an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.sandbox.faults import Fault, FaultUnfit
from gateway.sandbox.identity import encryption

KINDS: Final[Mapping[str, str]] = {
    "wrong_signature": "one octet of each signature is another",
    "wrong_key": "signed by a key that nobody knows; its certificate is in the answer",
    "wrong_tag": "the last octet of the encrypted assertion is another",
    "wrong_audience": "the audience is `value`, or `https://other.example`",
    "wrong_recipient": "the recipient is `value`, or `https://other.example/acs`",
    "expired": "made an hour ago",
    "unsolicited": "it names no request",
    "no_encryption": "the assertion is not encrypted",
    "other_encryption": "`value` names content or key transport, or is a list of both",
    "pss": "signed with RSASSA-PSS and SHA-256",
    "response_signature": "assertion and response are both signed",
    "level_too_low": "the level is one below what was asked for",
    "extra_assertion": "an assertion for another account stands before the real one, unsigned and unencrypted",
}


def checked(fault: Fault) -> Fault:
    """The fault, if its `value` has a meaning. Raises `FaultUnfit`."""
    if fault.kind == "other_encryption":
        named = _list(fault.value)
        if not named or not all(isinstance(name, str) and name in encryption.ORDERED for name in named):
            raise FaultUnfit("value")
    if fault.kind in {"wrong_audience", "wrong_recipient"} and not isinstance(fault.value, str | None):
        raise FaultUnfit("value")
    return fault


def drawn(faults: list[Fault], method: str, path: str) -> Mapping[str, Any]:
    """The kinds that hold for the answer to this request, with their values; each counts as used."""
    obeyed: dict[str, Any] = {}
    for fault in faults:
        if fault.kind in KINDS and fault.kind not in obeyed and fault.hits(method, path):
            obeyed[fault.kind] = fault.value
            if fault.left is not None:
                fault.left -= 1
    return obeyed


def algorithms(deviating: Mapping[str, Any]) -> tuple[str, str]:
    """Content encryption and key transport of an answer."""
    named = _list(deviating.get("other_encryption"))
    content = next((name for name in named if name.startswith("aes")), encryption.CONTENT)
    transport = next((name for name in named if name.startswith("rsa")), encryption.TRANSPORT)
    return content, transport


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
