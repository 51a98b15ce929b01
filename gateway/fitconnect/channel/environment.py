"""Where a channel sends and whom it believes, as values.

Knows: addresses, issuers and roots of one FIT-Connect environment. Never does: I/O.
Standard: FIT-Connect environments (TEST, STAGE, PROD). Start reading: `Environment`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography import x509

from gateway.errors import SettingsInvalid
from gateway.model import PLAIN_JWS, Finding, SignatureStyle

SPOKEN = "v2"


@dataclass(frozen=True, slots=True)
class Environment:
    """One FIT-Connect environment.

    `submission_api` is the base address without a version. `delivery_issuers` are the `iss` of the delivery service's
    events; empty: the base address itself. `trust_roots` end the certificate chains of destination keys;
    `insecure_public_keys` takes keys without a chain and belongs to test mode alone.
    Raises `SettingsInvalid` where `v2` is not among `api_versions`: no other version is supported yet.
    """

    token_url: str
    submission_api: str
    api_versions: tuple[str, ...] = (SPOKEN,)
    delivery_issuers: frozenset[str] = frozenset()
    trust_roots: tuple[x509.Certificate, ...] = field(default=(), repr=False)
    insecure_public_keys: bool = False

    def __post_init__(self) -> None:
        if SPOKEN not in self.api_versions:
            de = "Dieses Gateway spricht nur die Submission API v2; bitte v2 aufnehmen."
            en = "This gateway speaks Submission API v2 only; add v2."
            raise SettingsInvalid(findings=(Finding("/fitconnect/environments/api_versions", "api_version", de, en),))

    @property
    def base(self) -> str:
        """The base address without a slash at the end."""
        return self.submission_api.rstrip("/")

    @property
    def issuers(self) -> frozenset[str]:
        """Whom events of the delivery service may name as issuer."""
        return self.delivery_issuers or frozenset({self.base})


@dataclass(frozen=True, slots=True)
class Addressee:
    """Where one service's submissions go: the destination, the service's URN (`urn:de:fim:leika:…`) and its name.

    `signature` is how its documents are signed.
    """

    destination_id: str
    identifier: str
    name: str
    signature: SignatureStyle = PLAIN_JWS
