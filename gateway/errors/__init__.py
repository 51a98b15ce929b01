"""Every error of the gateway, in one tree.

GatewayError                     code · blame · retry · status · de · en
├── BadInput                     the caller's input; the portal has to act
│   ├── InvalidJson · BodyTooLarge · TooDeep · WrongMediaType · InvalidParameter · BatchTooLong
│   ├── RecordInvalid            carries findings
│   ├── UnknownService · UnknownMunicipality · ServiceNotOffered
│   ├── MissingIdempotencyKey · IdempotencyConflict · Erased · WebhookEnded
│   ├── LoginUnusable · AssuranceTooLow · AccountNotAllowed
│   ├── UploadUnknown · UploadTaken · UploadConflict · DigestMismatch · LengthMismatch · LengthRequired
│   ├── OffsetConflict · ChecksumMismatch · ChecksumUnknown · TusVersionUnknown
│   ├── NotHttp · RequestLineTooLong · HeadTooLarge · RequestTimedOut
│   ├── HostInvalid · TransferCodingUnknown · HttpVersionUnknown
│   ├── NotFound · MethodNotAllowed · Superseded
│   ├── StateConflict · OnLegalHold · StillUnderWay
│   ├── Unauthorised · Forbidden · TooManyRequests · LimitReached
│   ├── TooManyLogins
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
│   ├── CatalogueExportInvalid · CatalogueExportShrinks · CatalogueEmpty · CatalogueExportBusy     retry (the last)
│   ├── CatalogueUnverified
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

from gateway.errors.catalogue_export import *  # noqa: F403 - the tree above names every error
from gateway.errors.counterpart import *  # noqa: F403 - the tree above names every error
from gateway.errors.database import *  # noqa: F403 - the tree above names every error
from gateway.errors.http import *  # noqa: F403 - the tree above names every error
from gateway.errors.internal import *  # noqa: F403 - the tree above names every error
from gateway.errors.operator import *  # noqa: F403 - the tree above names every error
from gateway.errors.portal import *  # noqa: F403 - the tree above names every error
from gateway.errors.root import GatewayError as GatewayError


def every_error() -> Iterator[type[GatewayError]]:
    """All classes of the tree, parents first; `docs/reference/errors.md` is generated from it."""
    waiting: list[type[GatewayError]] = [GatewayError]
    while waiting:
        current = waiting.pop(0)
        yield current
        waiting += current.__subclasses__()
