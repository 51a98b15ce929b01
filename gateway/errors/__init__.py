"""Every error of the gateway, in one tree.

GatewayError                     code · blame · retry · status · de · en
├── BadInput                     the caller's input; the portal has to act
│   ├── InvalidJson · BodyTooLarge · TooDeep · WrongMediaType · InvalidParameter · BatchTooLong
│   ├── RecordInvalid            carries findings
│   ├── UnknownService · UnknownMunicipality · ServiceNotOffered
│   ├── MissingIdempotencyKey · IdempotencyConflict · Erased · WebhookEnded
│   ├── UploadUnknown · UploadTaken · UploadConflict · DigestMismatch · LengthMismatch · LengthRequired
│   ├── OffsetConflict · ChecksumMismatch · ChecksumUnknown · TusVersionUnknown
│   ├── NotHttp · RequestLineTooLong · HeadTooLarge · RequestTimedOut
│   ├── HostInvalid · TransferCodingUnknown · HttpVersionUnknown
│   ├── NotFound · MethodNotAllowed · Superseded
│   ├── StateConflict · OnLegalHold · StillUnderWay
│   ├── Unauthorised · Forbidden · TooManyRequests · LimitReached
│   └── EvidenceUnreadable · SetRefused
├── OperatorError                configuration or machine; the operator has to act
│   ├── SettingsInvalid · MasterKeyMissing · MasterKeyWrong · DatabaseAway · AlreadyServing · AddressTaken · DataInvalid
│   ├── FileUnusable · MasterKeyStillNeeded · ProcessesWithoutKey · SchemaNewer
│   ├── DatabaseUnfit · DatabaseNotStarted · DatabaseDamaged · DatabaseTooOld · DatabaseNotAllowed
│   ├── EvidenceKeysInvalid · BackupUnfit · DatabaseNotEmpty · RestoreUnfinished
│   ├── ErasedListUnwritable · ErasedListUnreadable
│   ├── EvidenceKeyMissing · EvidenceKeyWrong · EvidenceShortened · EvidenceWitnessUnreadable
│   ├── SigningKeyUnfit · SignerAway                             retry (SignerAway)
│   ├── StorageFull              a DatabaseAway: whoever waits for the database waits for room too
│   ├── SetsNotWritten
│   └── DemoFailed · Overloaded · Maintenance
├── CounterpartError             the other side of a wire
│   ├── CounterpartAway · CounterpartBusy                        retry
│   ├── CounterpartRefused · CounterpartGarbled · TokenRefused · AddressRefused · TlsMissing
│   └── DestinationUnfit · KeyUnfit · EvidenceRefused
└── InternalError                ours
    ├── IllegalTransition · VersionGone · EvidenceBroken · EvidenceTooLarge
    ├── ErasureFailed            said once everything else that is due was erased
    ├── StepFailed               retry: an exception of no class above; a few times, then a person is asked
    └── CryptoFailure            says outside only that it failed

Knows: codes, blame, retry, HTTP hint, German and English sentence. Never does: logging, I/O.
Standard: RFC 9457 (`web/problems.py` writes the problem). Start reading: `GatewayError`.
Sentences are templates; their parameters are identifiers, limits and names of rules, never personal data.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.errors.counterpart import (
    AddressRefused,
    CounterpartAway,
    CounterpartBusy,
    CounterpartError,
    CounterpartGarbled,
    CounterpartRefused,
    DestinationUnfit,
    EvidenceRefused,
    KeyUnfit,
    TlsMissing,
    TokenRefused,
)
from gateway.errors.database import (
    BackupUnfit,
    DatabaseAway,
    DatabaseDamaged,
    DatabaseNotAllowed,
    DatabaseNotEmpty,
    DatabaseNotStarted,
    DatabaseTooOld,
    DatabaseUnfit,
    MasterKeyMissing,
    MasterKeyStillNeeded,
    MasterKeyWrong,
    ProcessesWithoutKey,
    RestoreUnfinished,
    SchemaNewer,
    StorageFull,
)
from gateway.errors.http import (
    BatchTooLong,
    BodyTooLarge,
    ChecksumMismatch,
    ChecksumUnknown,
    DigestMismatch,
    HeadTooLarge,
    HostInvalid,
    HttpVersionUnknown,
    InvalidJson,
    LengthMismatch,
    LengthRequired,
    MethodNotAllowed,
    NotHttp,
    OffsetConflict,
    RequestLineTooLong,
    RequestTimedOut,
    TooDeep,
    TransferCodingUnknown,
    TusVersionUnknown,
    WrongMediaType,
)
from gateway.errors.internal import (
    CryptoFailure,
    ErasureFailed,
    EvidenceBroken,
    EvidenceTooLarge,
    IllegalTransition,
    InternalError,
    StepFailed,
    VersionGone,
)
from gateway.errors.operator import (
    AddressTaken,
    AlreadyServing,
    DataInvalid,
    DemoFailed,
    ErasedListUnreadable,
    ErasedListUnwritable,
    EvidenceKeyMissing,
    EvidenceKeysInvalid,
    EvidenceKeyWrong,
    EvidenceShortened,
    EvidenceWitnessUnreadable,
    FileUnusable,
    Maintenance,
    OperatorError,
    Overloaded,
    SetsNotWritten,
    SettingsInvalid,
    SignerAway,
    SigningKeyUnfit,
)
from gateway.errors.portal import (
    BadInput,
    Erased,
    EvidenceUnreadable,
    Forbidden,
    IdempotencyConflict,
    InvalidParameter,
    LimitReached,
    MissingIdempotencyKey,
    NotFound,
    OnLegalHold,
    RecordInvalid,
    ServiceNotOffered,
    SetRefused,
    StateConflict,
    StillUnderWay,
    Superseded,
    TooManyRequests,
    Unauthorised,
    UnknownMunicipality,
    UnknownService,
    UploadConflict,
    UploadTaken,
    UploadUnknown,
    WebhookEnded,
)
from gateway.errors.root import GatewayError

__all__ = [
    "AddressRefused",
    "AddressTaken",
    "AlreadyServing",
    "BackupUnfit",
    "BadInput",
    "BatchTooLong",
    "BodyTooLarge",
    "ChecksumMismatch",
    "ChecksumUnknown",
    "CounterpartAway",
    "CounterpartBusy",
    "CounterpartError",
    "CounterpartGarbled",
    "CounterpartRefused",
    "CryptoFailure",
    "DataInvalid",
    "DatabaseAway",
    "DatabaseDamaged",
    "DatabaseNotAllowed",
    "DatabaseNotEmpty",
    "DatabaseNotStarted",
    "DatabaseTooOld",
    "DatabaseUnfit",
    "DemoFailed",
    "DestinationUnfit",
    "DigestMismatch",
    "Erased",
    "ErasedListUnreadable",
    "ErasedListUnwritable",
    "ErasureFailed",
    "EvidenceBroken",
    "EvidenceKeyMissing",
    "EvidenceKeyWrong",
    "EvidenceKeysInvalid",
    "EvidenceRefused",
    "EvidenceShortened",
    "EvidenceTooLarge",
    "EvidenceUnreadable",
    "EvidenceWitnessUnreadable",
    "FileUnusable",
    "Forbidden",
    "GatewayError",
    "HeadTooLarge",
    "HostInvalid",
    "HttpVersionUnknown",
    "IdempotencyConflict",
    "IllegalTransition",
    "InternalError",
    "InvalidJson",
    "InvalidParameter",
    "KeyUnfit",
    "LengthMismatch",
    "LengthRequired",
    "LimitReached",
    "Maintenance",
    "MasterKeyMissing",
    "MasterKeyStillNeeded",
    "MasterKeyWrong",
    "MethodNotAllowed",
    "MissingIdempotencyKey",
    "NotFound",
    "NotHttp",
    "OffsetConflict",
    "OnLegalHold",
    "OperatorError",
    "Overloaded",
    "ProcessesWithoutKey",
    "RecordInvalid",
    "RequestLineTooLong",
    "RequestTimedOut",
    "RestoreUnfinished",
    "SchemaNewer",
    "ServiceNotOffered",
    "SetRefused",
    "SetsNotWritten",
    "SettingsInvalid",
    "SignerAway",
    "SigningKeyUnfit",
    "StateConflict",
    "StepFailed",
    "StillUnderWay",
    "StorageFull",
    "Superseded",
    "TlsMissing",
    "TokenRefused",
    "TooDeep",
    "TooManyRequests",
    "TransferCodingUnknown",
    "TusVersionUnknown",
    "Unauthorised",
    "UnknownMunicipality",
    "UnknownService",
    "UploadConflict",
    "UploadTaken",
    "UploadUnknown",
    "VersionGone",
    "WebhookEnded",
    "WrongMediaType",
    "every_error",
]


def every_error() -> Iterator[type[GatewayError]]:
    """All classes of the tree, parents first; `docs/reference/errors.md` is generated from it."""
    waiting: list[type[GatewayError]] = [GatewayError]
    while waiting:
        current = waiting.pop(0)
        yield current
        waiting += current.__subclasses__()
