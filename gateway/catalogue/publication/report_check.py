"""Checking a report of availability offline: with nothing but its bytes, its signature, and better with known keys.

Knows: which header a signature of ours has, what a report is. Never does: I/O; tell anything of a report that does not
verify, not even its date. Standards: RFC 7515, RFC 8785. Start reading: `check`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ed25519

from gateway.catalogue.publication.canonical_json import canonical
from gateway.catalogue.publication.report import FORMAT, TYPE
from gateway.crypto import jws
from gateway.crypto.keys import verify_key
from gateway.errors import CryptoFailure, KeyUnfit
from gateway.input import json_reader
from gateway.model import Finding

LARGEST: Final = 256 << 20  # bytes
LARGEST_SIGNATURE: Final = 4096  # characters
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_MOST_KEYS: Final = 100
_FAULTS: Final[Mapping[str, tuple[str, str]]] = {
    "too_large": ("Ein Bericht hat höchstens 256 MiB.", "A report has at most 256 MiB."),
    "signature_missing": (
        "Neben dem Bericht fehlt seine Signatur; sie steht in der Datei gleichen Namens mit der Endung .jws.",
        "The report's signature is missing; it stands beside it, in the file of the same name with .jws appended.",
    ),
    "form": (
        "Das ist kein Verfügbarkeitsbericht eines Gateways (kanonisches JSON nach RFC 8785).",
        "This is no availability report of a gateway (canonical JSON by RFC 8785).",
    ),
    "key_unknown": (
        "Der Bericht ist nicht mit einem der Schlüssel signiert, denen hier vertraut wird.",
        "The report is not signed with one of the keys that are trusted here.",
    ),
    "signature": (
        "Die Signatur gehört nicht zu diesem Bericht. Den Bericht und seine Signatur neu abrufen.",
        "The signature is not of this report. Fetch both the report and its signature again.",
    ),
}


@dataclass(frozen=True, slots=True)
class ReportVerdict:
    """What became of checking. `trust`: `given` where the keys came from whoever checks, else `from_report`."""

    day: date | None
    trust: str
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the report is what was signed."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """The verdict in the shape of the fixed interface."""
        return {"ok": self.ok, "date": self.day and self.day.isoformat(), "trust": self.trust}


def check(body: bytes, signature: str | None, trusted: Sequence[Mapping[str, Any]] | None = None) -> ReportVerdict:
    """Judge a report's bytes. `trusted` are JWKs that whoever checks brings; None: those that the report carries."""
    trust = "from_report" if trusted is None else "given"
    if len(body) > LARGEST:
        return _refused(trust, "too_large", "report")
    members = _members(body)
    if members is None:
        return _refused(trust, "form", "report")
    if signature is None or not signature.strip():
        return _refused(trust, "signature_missing", "signature")
    carried = members["keys"] if isinstance(members["keys"], list) else []
    rule = _broken_rule(signature.strip(), body, carried if trusted is None else trusted)
    if rule:
        return _refused(trust, rule, "signature")
    return ReportVerdict(date.fromisoformat(members["date"]), trust)


def _refused(trust: str, rule: str, place: str) -> ReportVerdict:
    return ReportVerdict(None, trust, (Finding(place, rule, *_FAULTS[rule]),))


def _members(body: bytes) -> Mapping[str, Any] | None:
    """The members of a report; None for what is none, or is not in its one form."""
    try:
        members = json_reader.decode(body, most=LARGEST, unique=True, strict=True)
        if not isinstance(members, dict) or members.get("format") != FORMAT or "keys" not in members:
            return None
        date.fromisoformat(members["date"])
        return members if canonical(members) == body else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _broken_rule(token: str, body: bytes, jwks: Iterable[object]) -> str | None:
    try:
        header = jws.header_of(token) if len(token) <= LARGEST_SIGNATURE else {}
    except CryptoFailure:
        return "signature"
    if header.keys() != _HEADER or header["alg"] != jws.EDDSA or header["typ"] != TYPE:
        return "signature"
    key = _key(jwks, header["kid"])
    if key is None:
        return "key_unknown"
    try:
        jws.verify_detached(token, body, key, alg=jws.EDDSA)
    except CryptoFailure:
        return "signature"
    return None


def _key(jwks: Iterable[object], kid: object) -> ed25519.Ed25519PublicKey | None:
    """The first key of that `kid` (RFC 7517 §4.5) that can verify a signature of ours."""
    for _, jwk in zip(range(_MOST_KEYS), jwks, strict=False):
        if not isinstance(jwk, Mapping) or jwk.get("kid") != kid:
            continue
        try:
            key = verify_key(jwk)
        except KeyUnfit:
            continue
        if isinstance(key, ed25519.Ed25519PublicKey):
            return key
    return None
