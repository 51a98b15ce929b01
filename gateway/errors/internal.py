"""What is ours to mend.

Knows: codes, retry, HTTP hint, German and English sentences. Never does: logging, I/O.
Standard: RFC 9457. Start reading: `InternalError`.
"""

from __future__ import annotations

from gateway.errors.root import GatewayError
from gateway.model import Blame as _Blame


class InternalError(GatewayError):
    """Ours."""

    code = "internal"


class IllegalTransition(InternalError):
    """A state was asked to follow one that the table does not allow."""

    code = "illegal_transition"
    de = "Auf {current} kann {following} nicht folgen."
    en = "{following} cannot follow {current}."


class EvidenceBroken(InternalError):
    """What the database holds of a submission's evidence does not verify; findings name the links."""

    code = "evidence_broken"
    blame = _Blame.OPERATOR
    de = (
        "Der Nachweis in der Datenbank ist nicht schlüssig; es wird nichts ausgegeben. Bitte die Datensicherung prüfen."
    )
    en = "The evidence in the database does not verify; nothing is handed out. Check the backup."


class EvidenceTooLarge(InternalError):
    """A submission has more evidence than an archive can hold; nothing of it is wrong or lost."""

    code = "evidence_too_large"
    blame = _Blame.OPERATOR
    de = (
        "Zu dieser Einreichung gibt es {entries} Nachweiseinträge, mehr als ein Archiv fasst ({limit}, 32 MiB)."
        " Der Nachweis in der Datenbank ist nicht beschädigt; er bleibt vollständig in jeder Datensicherung."
    )
    en = (
        "There are {entries} entries of evidence on this submission, more than an archive holds ({limit}, 32 MiB)."
        " The evidence in the database is not damaged; it stays whole in every backup."
    )


class VersionGone(InternalError):
    """Somebody else advanced the submission: what was about to be written is void."""

    code = "version_gone"
    retry = True
    de = "Die Einreichung wurde inzwischen von anderer Stelle fortgeführt."
    en = "The submission was advanced elsewhere in the meantime."


class ErasureFailed(InternalError):
    """Submissions whose period is over could not be erased; all others were."""

    code = "erasure_failed"
    retry = True
    titles = ("Nicht alles Fällige ist gelöscht", "Not all that is due was erased")
    de = (
        "{failed} fällige Einreichungen konnten nicht gelöscht werden, {erased} sind gelöscht; das Protokoll nennt sie "
        "(`retention.not_erased`). Es wird weiter versucht."
    )
    en = (
        "{failed} submissions that are due could not be erased, {erased} were; the log names them "
        "(`retention.not_erased`). It is tried again."
    )


class StepFailed(InternalError):
    """A step of a delivery ended with an exception of no class of this tree; the log names type and place."""

    code = "step_failed"
    retry = True
    titles = ("Ein Schritt der Zustellung ist gescheitert", "A step of the delivery failed")
    de = "Der Schritt {step} ist an einem unerwarteten Fehler gescheitert ({kind}); das Protokoll nennt die Stelle."
    en = "The step {step} failed by an unexpected error ({kind}); the log names the place."


class CryptoFailure(InternalError):
    """A cryptographic operation failed; nobody outside learns why."""

    code = "crypto_failure"
    de = "Die kryptografische Prüfung ist fehlgeschlagen."
    en = "The cryptographic check failed."
