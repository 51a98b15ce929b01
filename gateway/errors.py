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
from typing import ClassVar

from gateway.model import Blame, Finding


class GatewayError(Exception):
    """Root of the tree.

    `params` fill the sentences `de` and `en` and must hold no personal data. `findings` are all faults at once.
    `retry_after` is in seconds, as a counterpart or a limit asked for.
    """

    code: ClassVar[str] = "gateway"
    blame: ClassVar[Blame] = Blame.GATEWAY
    retry: ClassVar[bool] = False
    status: ClassVar[int] = 500
    titles: ClassVar[tuple[str, str] | None] = None
    """German and English title, where the first sentence without its parameters would be none."""
    de: ClassVar[str] = "Im Gateway ist ein Fehler aufgetreten; er ist protokolliert."
    en: ClassVar[str] = "The gateway failed; the failure is logged."

    def __init__(
        self, *, findings: tuple[Finding, ...] = (), retry_after: float | None = None, **params: object
    ) -> None:
        self.findings = findings
        self.retry_after = retry_after
        self.params = params
        super().__init__(f"{self.code}: {self.sentence('en')}")

    def sentence(self, language: str) -> str:
        """The sentence in `de` or `en`, with the parameters filled in; a missing one shows as `?`."""
        template = self.de if language == "de" else self.en
        return template.format_map(_Blanks(self.params))


class _Blanks(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


class BadInput(GatewayError):
    """The caller's input; the portal has to act."""

    code = "bad_input"
    blame = Blame.PORTAL
    status = 400
    de = "Die Anfrage ist nicht zulässig."
    en = "The request is not admissible."


class InvalidJson(BadInput):
    """The body is no JSON document (RFC 8259)."""

    code = "invalid_json"
    de = "Der Inhalt ist kein gültiges JSON (Zeile {line}, Spalte {column}). Bitte als UTF-8-JSON senden."
    en = "The body is not valid JSON (line {line}, column {column}). Send UTF-8 JSON."


class BodyTooLarge(BadInput):
    """The body passes its declared limit; reading stopped there."""

    code = "body_too_large"
    status = 413
    titles = ("Der Inhalt ist zu groß", "The body is too large")
    de = "Der Inhalt ist größer als die erlaubten {limit} Bytes. Große Dateien bitte vorab als Upload senden."
    en = "The body is larger than the {limit} bytes allowed. Send large files as uploads first."


class BatchTooLong(BadInput):
    """More lines than one call may have; those before were answered."""

    code = "batch_too_long"
    status = 413
    titles = ("Der Aufruf hat zu viele Zeilen", "The call has too many lines")
    de = "Ein Aufruf darf höchstens {limit} Zeilen haben; die weiteren wurden nicht gelesen."
    en = "A call may have at most {limit} lines; the further ones were not read."


class TooDeep(BadInput):
    """The JSON nests deeper than the limit."""

    code = "too_deep"
    status = 422
    titles = ("Der Inhalt ist zu tief verschachtelt", "The body nests too deeply")
    de = "Der Inhalt ist tiefer als {limit} Ebenen verschachtelt."
    en = "The body nests deeper than {limit} levels."


class WrongMediaType(BadInput):
    """The Content-Type is not one this address takes."""

    code = "wrong_media_type"
    status = 415
    de = "Dieser Inhaltstyp wird hier nicht angenommen; erlaubt: {allowed}."
    en = "This content type is not taken here; allowed: {allowed}."


class InvalidParameter(BadInput):
    """A parameter of path, query or header breaks its rule; findings say which."""

    code = "invalid_parameter"
    status = 422
    de = "Ein Parameter verletzt seine Regel; die Befunde nennen Stelle und Regel."
    en = "A parameter breaks its rule; the findings name place and rule."


class RecordInvalid(BadInput):
    """The record or the body around it has findings of severity error."""

    code = "record_invalid"
    status = 422
    de = "Der Antrag enthält Fehler; alle Befunde sind aufgeführt. Es wurde nichts übernommen."
    en = "The application has errors; all findings are listed. Nothing was taken over."


class UnknownService(BadInput):
    """No service of that id exists in this gateway."""

    code = "unknown_service"
    status = 422
    de = "Diesen Dienst gibt es hier nicht. GET /api/v1/services nennt die angebotenen."
    en = "There is no such service here. GET /api/v1/services lists those on offer."


class UnknownMunicipality(BadInput):
    """No municipality of that ARS that this client may serve."""

    code = "unknown_municipality"
    status = 422
    de = "Diese Kommune wird für Sie hier nicht bedient. Erwartet wird der zwölfstellige ARS."
    en = "This municipality is not served for you here. The 12-digit ARS is expected."


class ServiceNotOffered(BadInput):
    """The municipality does not offer the service."""

    code = "service_not_offered"
    status = 422
    de = "Die Kommune bietet diesen Dienst nicht an."
    en = "The municipality does not offer this service."


class MissingIdempotencyKey(BadInput):
    """The header `Idempotency-Key` is required."""

    code = "missing_idempotency_key"
    status = 428
    de = "Die Kopfzeile Idempotency-Key fehlt oder verletzt ihre Regel (1 bis 255 druckbare ASCII-Zeichen)."
    en = "The header Idempotency-Key is missing or breaks its rule (1 to 255 printable ASCII characters)."


class IdempotencyConflict(BadInput):
    """The same key was used with another body."""

    code = "idempotency_conflict"
    status = 409
    de = "Dieser Idempotency-Key wurde bereits mit einem anderen Inhalt verwendet."
    en = "This Idempotency-Key was used with another body already."


class WebhookEnded(BadInput):
    """A subscription whose receiver wants nothing more cannot be used again."""

    code = "webhook_ended"
    status = 409
    de = "Dieses Abonnement ist beendet, sein Empfänger antwortete mit 410; neu abonnieren und dort nachholen (replay)."
    en = "This subscription has ended, since its receiver answered 410; subscribe anew and replay there."


class Erased(BadInput):
    """What was asked for has been erased by rule."""

    code = "erased"
    status = 410
    de = "Diese Daten wurden fristgerecht gelöscht."
    en = "These data were erased as the retention rules demand."


class UploadUnknown(BadInput):
    """An attachment names an upload that this client does not have."""

    code = "upload_unknown"
    status = 422
    de = "Ein genannter Upload ist nicht vorhanden; bitte zuerst die Datei senden."
    en = "An upload named here does not exist; send the file first."


class UploadTaken(BadInput):
    """An upload belongs to another submission already."""

    code = "upload_taken"
    status = 409
    de = (
        "Ein genannter Upload gehört bereits zu einer anderen Einreichung; bitte die Datei unter neuer Kennung senden. "
        "Nur deren Korrektur darf ihn noch einmal nennen."
    )
    en = (
        "An upload named here belongs to another submission already; send the file under a new id. Only a correction "
        "of that one may name it again."
    )


class UploadConflict(BadInput):
    """The same upload id was used with other bytes."""

    code = "upload_conflict"
    status = 409
    de = "Unter dieser Upload-Kennung liegt bereits ein anderer Inhalt."
    en = "This upload id holds other bytes already."


class DigestMismatch(BadInput):
    """`Repr-Digest` does not fit the bytes received (RFC 9530)."""

    code = "digest_mismatch"
    de = "Der angekündigte Prüfwert passt nicht zu den empfangenen Bytes; nichts wurde behalten."
    en = "The announced digest does not fit the bytes received; nothing was kept."


class LengthMismatch(BadInput):
    """`Content-Length` does not fit the bytes received."""

    code = "length_mismatch"
    de = "Die angekündigte Länge passt nicht zu den empfangenen Bytes; nichts wurde behalten."
    en = "The announced length does not fit the bytes received; nothing was kept."


class LengthRequired(BadInput):
    """An upload needs `Content-Length`."""

    code = "length_required"
    status = 411
    de = "Die Kopfzeile Content-Length fehlt."
    en = "The header Content-Length is missing."


class OffsetConflict(BadInput):
    """`Upload-Offset` is not where the upload stands (tus)."""

    code = "offset_conflict"
    status = 409
    titles = ("Der Upload steht an einer anderen Stelle", "The upload stands at another place")
    de = "Der Upload steht bei Byte {offset}; bitte dort fortsetzen (und nicht über seine Länge hinaus)."
    en = "The upload stands at byte {offset}; go on from there (and not beyond its length)."


class ChecksumMismatch(BadInput):
    """`Upload-Checksum` does not fit the bytes received (tus)."""

    code = "checksum_mismatch"
    status = 460
    de = "Der Prüfwert passt nicht zu den empfangenen Bytes; nichts davon zählt."
    en = "The checksum does not fit the bytes received; none of them count."


class ChecksumUnknown(BadInput):
    """tus 1.0: the algorithm of a checksum is not one of those offered."""

    code = "checksum_unknown"
    de = "Dieses Prüfsummenverfahren wird nicht angeboten; erlaubt: {allowed}."
    en = "This checksum algorithm is not offered; allowed: {allowed}."


class NotHttp(BadInput):
    """What came over the connection is no HTTP/1.1 request."""

    code = "not_http"
    de = "Das war keine HTTP-Anfrage, die sich lesen lässt; es wurde nichts übernommen."
    en = "This was no HTTP request that can be read; nothing was taken over."


class RequestLineTooLong(BadInput):
    """The request line passes its limit; reading stopped there."""

    code = "request_line_too_long"
    status = 414
    titles = ("Die Adresse ist zu lang", "The address is too long")
    de = "Die Anfragezeile ist länger als die erlaubten {limit} Bytes; die Verbindung wird geschlossen."
    en = "The request line is longer than the {limit} bytes allowed; the connection is closed."


class HeadTooLarge(BadInput):
    """The header fields, one of them or their number pass the limit; reading stopped there."""

    code = "head_too_large"
    status = 431
    titles = ("Die Kopfzeilen sind zu groß", "The header fields are too large")
    de = (
        "Die Kopfzeilen sind zu groß: höchstens {fields} Felder, {field} Bytes in einem und {limit} in allen. "
        "Die Verbindung wird geschlossen."
    )
    en = (
        "The header fields are too large: at most {fields} fields, {field} bytes in one and {limit} in all. "
        "The connection is closed."
    )


class RequestTimedOut(BadInput):
    """The rest of a request did not come in time; nothing was kept."""

    code = "request_timed_out"
    retry = True
    status = 408
    de = "Der Rest der Anfrage kam nicht rechtzeitig; die Verbindung wird geschlossen, nichts wurde behalten."
    en = "The rest of the request did not come in time; the connection is closed, nothing was kept."


class HostInvalid(BadInput):
    """`Host` is missing, doubled or no host (RFC 9112 §3.2)."""

    code = "host_invalid"
    de = "Die Kopfzeile Host fehlt, steht mehrmals da oder nennt keinen Host."
    en = "The header Host is missing, doubled or names no host."


class TransferCodingUnknown(BadInput):
    """`Transfer-Encoding` is not exactly `chunked` (RFC 9112 §6.1)."""

    code = "transfer_coding_unknown"
    status = 501
    de = "Als Transfer-Encoding wird nur chunked angenommen."
    en = "The only Transfer-Encoding taken is chunked."


class HttpVersionUnknown(BadInput):
    """The request speaks another HTTP than 1.1 or 1.0."""

    code = "http_version_unknown"
    status = 505
    de = "Hier wird HTTP/1.1 gesprochen (und HTTP/1.0)."
    en = "HTTP/1.1 is spoken here (and HTTP/1.0)."


class TusVersionUnknown(BadInput):
    """`Tus-Resumable` names another version or is missing."""

    code = "tus_version_unknown"
    status = 412
    titles = (
        "Die Kopfzeile Tus-Resumable fehlt oder passt nicht",
        "The header Tus-Resumable is missing or does not fit",
    )
    de = "Erwartet wird die Kopfzeile Tus-Resumable: {version}."
    en = "The header Tus-Resumable: {version} is expected."


class NotFound(BadInput):
    """There is no such thing for this caller."""

    code = "not_found"
    status = 404
    de = "Unter dieser Adresse gibt es für Sie nichts."
    en = "There is nothing for you at this address."


class MethodNotAllowed(BadInput):
    """The address exists, the method does not."""

    code = "method_not_allowed"
    status = 405
    de = "Diese Methode gibt es an dieser Adresse nicht."
    en = "This address does not take that method."


class StateConflict(BadInput):
    """The submission is in a state that does not allow what was asked."""

    code = "state_conflict"
    status = 409
    titles = ("Im jetzigen Zustand ist das nicht möglich", "This is not possible in the present state")
    de = (
        "Im Zustand {state} ist das nicht möglich: fortgesetzt wird nur, was angehalten ist, abgebrochen oder "
        "zurückgezogen nur, was noch nicht eingereicht ist."
    )
    en = (
        "This is not possible in state {state}: only what is held can go on, only what is not submitted yet can be "
        "cancelled or withdrawn."
    )


class OnLegalHold(StateConflict):
    """The submission is kept in spite of every period; it is erased only after the hold was released."""

    code = "on_legal_hold"
    titles = ("Die Einreichung ist von der Löschung ausgenommen", "The submission is on legal hold")
    de = (
        "Die Einreichung ist von der Löschung ausgenommen. Besteht der Grund nicht mehr: `gateway retention hold "
        "{submission} --release`, dann erneut löschen."
    )
    en = (
        "The submission is on legal hold. Where its reason is gone: `gateway retention hold {submission} --release`, "
        "then erase again."
    )


class StillUnderWay(StateConflict):
    """What has not ended cannot be erased."""

    code = "still_under_way"
    titles = ("Die Einreichung ist noch unterwegs", "The submission is still under way")
    de = (
        "Die Einreichung ist noch unterwegs ({state}); gelöscht wird, was zu Ende ist. Angehaltenes, das nicht "
        "eingereicht ist, bricht `gateway held cancel {submission}` vorher ab."
    )
    en = (
        "The submission is still under way ({state}); what has ended can be erased. What is held and not submitted "
        "yet, `gateway held cancel {submission}` ends first."
    )


class Superseded(BadInput):
    """The submission was corrected already; the correction itself may be corrected."""

    code = "superseded"
    status = 409
    de = "Zu dieser Einreichung gibt es schon eine Korrektur (superseded_by); bitte diese korrigieren."
    en = "This submission has a correction already (superseded_by); correct that one."


class Unauthorised(BadInput):
    """No valid access token."""

    code = "unauthorised"
    status = 401
    de = "Die Anmeldung ist fehlgeschlagen."
    en = "Authentication failed."


class Forbidden(BadInput):
    """The token is valid and does not cover what was asked."""

    code = "forbidden"
    status = 403
    de = "Dafür fehlt die Berechtigung {scope}."
    en = "The permission {scope} is missing."


class TooManyRequests(BadInput):
    """A limit of the client is used up; `Retry-After` says for how long."""

    code = "too_many_requests"
    retry = True
    status = 429
    de = "Zu viele Anfragen; bitte später erneut versuchen."
    en = "Too many requests; try again later."


class EvidenceUnreadable(BadInput):
    """The file is no evidence archive; findings say why, nothing of it was believed."""

    code = "evidence_unreadable"
    status = 422
    de = "Die Datei ist kein lesbares Nachweisarchiv; die Befunde nennen die Regel."
    en = "The file is no readable evidence archive; the findings name the rule."


class SetRefused(BadInput):
    """A schema set or code list is not taken; findings say why, nothing was installed."""

    code = "set_refused"
    status = 422
    de = "Die Quelle wird nicht übernommen; die Befunde nennen Stelle, Regel und Ausweg. Es wurde nichts verändert."
    en = "The source is not taken; the findings name place, rule and way out. Nothing was changed."


class LimitReached(BadInput):
    """The caller has as many of these as it may have."""

    code = "limit_reached"
    status = 409
    titles = ("Die Höchstzahl ist erreicht", "The greatest number is reached")
    de = "Es sind höchstens {limit} davon möglich; bitte zuerst eines löschen."
    en = "At most {limit} of these are possible; delete one first."


class OperatorError(GatewayError):
    """Configuration or machine; the operator has to act."""

    code = "operator"
    blame = Blame.OPERATOR
    de = "Der Betrieb des Gateways muss eingreifen."
    en = "The gateway's operators have to act."


class SettingsInvalid(OperatorError):
    """The settings have faults; findings name file or key path, rule and way out."""

    code = "settings_invalid"
    de = "Die Einstellungen enthalten Fehler; alle sind aufgeführt."
    en = "The settings have faults; all are listed."


class FileUnusable(OperatorError):
    """A file or directory that the settings or the command line name cannot be used."""

    code = "file_unusable"
    titles = ("Eine Datei oder ein Verzeichnis ist nicht nutzbar", "A file or directory cannot be used")
    de = "{file} ist nicht nutzbar ({cause}). Bitte Einstellung, Pfad oder Rechte berichtigen."
    en = "{file} cannot be used ({cause}). Correct the setting, the path or the permissions."


class DataInvalid(OperatorError):
    """Service, mapping, schema or municipality files have faults; findings name file, line and way out."""

    code = "data_invalid"
    de = "Dienst- oder Kommunendateien enthalten Fehler; alle sind aufgeführt."
    en = "Files of services or municipalities have faults; all are listed."


class MasterKeyMissing(OperatorError):
    """No master key, although stored data need one."""

    code = "master_key_missing"
    de = "Der Hauptschlüssel fehlt ({place}). Bitte die gesicherte Datei zurücklegen; sonst sind die Daten unlesbar."
    en = "The master key is missing ({place}). Put the saved file back; without it the data cannot be read."


class MasterKeyWrong(OperatorError):
    """No master key given opens what is stored."""

    code = "master_key_wrong"
    titles = (
        "Der Hauptschlüssel passt nicht zu den gespeicherten Daten",
        "The master key does not fit the stored data",
    )
    de = (
        "Der Hauptschlüssel ({place}) passt nicht zu den gespeicherten Daten; sie brauchen {needed}. "
        "Bitte den richtigen zurücklegen."
    )
    en = "The master key ({place}) does not fit the stored data, which need {needed}. Put the right key back."


class MasterKeyStillNeeded(OperatorError):
    """A master key is not given, although stored keys hang on it."""

    code = "master_key_still_needed"
    de = (
        "Der Hauptschlüssel {key} fehlt; noch {rows} gespeicherte Schlüssel hängen an ihm. Bitte unter "
        "vault.previous_master_key_files angeben, bis „gateway keys rotate“ ihn ersetzt hat."
    )
    en = (
        "The master key {key} is missing; {rows} stored keys still hang on it. Give it in "
        "vault.previous_master_key_files until `gateway keys rotate` has replaced it."
    )


class ProcessesWithoutKey(OperatorError):
    """Running processes could not read what would hang on the new master key."""

    code = "processes_without_key"
    de = (
        "Dem Hauptschlüssel {key} kann noch nichts anvertraut werden: {count} Verbindungen gehören zu Prozessen, "
        "die ihn nicht haben. Bitte diese erst mit beiden Schlüsseln neu starten. Es wurde nichts verändert."
    )
    en = (
        "Nothing can hang on the master key {key} yet: {count} connections belong to processes that do not have it. "
        "Restart those with both keys first. Nothing was changed."
    )


class SchemaNewer(OperatorError):
    """The database was migrated by a newer release."""

    code = "schema_newer"
    titles = ("Die Datenbank gehört zu einer neueren Fassung", "The database belongs to a newer release")
    de = (
        "Die Datenbank hat das Schema {found} einer neueren Fassung des Gateways; diese kennt nur {known}. "
        "Bitte die neuere Fassung installieren; zurück führt nur eine Sicherung von vor der Aktualisierung."
    )
    en = (
        "The database has schema {found} of a newer release of the gateway; this one knows {known} at most. "
        "Install the newer release; the only way back is a backup from before the upgrade."
    )


class DatabaseAway(OperatorError):
    """The database does not answer."""

    code = "database_away"
    retry = True
    status = 503
    de = "Die Datenbank antwortet nicht. Es wurde nichts übernommen; bitte später erneut versuchen."
    en = "The database does not answer. Nothing was taken over; try again later."


class StorageFull(DatabaseAway):
    """There is no room for what was sent; nothing of it was kept, nothing accepted was lost."""

    code = "storage_full"
    status = 507
    de = "Dafür reicht der Speicherplatz des Gateways nicht. Es wurde nichts übernommen; bitte später erneut versuchen."
    en = "The gateway has not enough storage for this. Nothing was taken over; try again later."


class DatabaseUnfit(OperatorError):
    """The embedded database's directory was written by another major version of PostgreSQL."""

    code = "database_unfit"
    titles = ("Die Daten stammen von einer anderen PostgreSQL", "The data were written by another PostgreSQL")
    de = (
        "{place} stammt von PostgreSQL {found}; dieses Gateway bringt {expected} mit. Bitte mit der bisherigen Fassung "
        "`gateway backup` ausführen, das Verzeichnis beiseite legen und mit dieser Fassung `gateway restore`."
    )
    en = (
        "{place} was written by PostgreSQL {found}; this gateway brings {expected}. Run `gateway backup` with the "
        "release used so far, put the directory aside, and run `gateway restore` with this release."
    )


class DatabaseTooOld(OperatorError):
    """An external PostgreSQL older than those that are supported."""

    code = "database_too_old"
    titles = ("Die PostgreSQL ist zu alt", "The PostgreSQL is too old")
    de = "Die Datenbank ist PostgreSQL {found}; nötig ist {least} oder neuer. Bitte den Datenbankserver aktualisieren."
    en = "The database is PostgreSQL {found}; {least} or newer is needed. Upgrade the database server."


class DatabaseNotAllowed(OperatorError):
    """The database role may not make or change the gateway's tables."""

    code = "database_not_allowed"
    de = (
        "Die Datenbank verweigert der Rolle des Gateways, seine Tabellen anzulegen oder zu ändern. Bitte die Rolle zur "
        "Eigentümerin der Datenbank machen (ALTER DATABASE … OWNER TO …)."
    )
    en = (
        "The database does not let the gateway's role make or change its tables. Make the role the owner of the "
        "database (ALTER DATABASE … OWNER TO …)."
    )


class DatabaseNotStarted(OperatorError):
    """The embedded database does not start."""

    code = "database_not_started"
    de = (
        "Die eingebaute Datenbank startet nicht: {cause}. Näheres steht in {log}. Sind ihre Dateien beschädigt: das "
        "Verzeichnis postgres beiseite legen und die letzte Sicherung mit `gateway restore` einspielen."
    )
    en = (
        "The embedded database does not start: {cause}. Its log is {log}. If its files are damaged, put the directory "
        "postgres aside and run `gateway restore` with the last backup."
    )


class DatabaseDamaged(OperatorError):
    """Files of the embedded database are missing or damaged; nothing was written over."""

    code = "database_damaged"
    titles = ("Dateien der Datenbank sind beschädigt", "Files of the database are damaged")
    de = (
        "Dateien der eingebauten Datenbank in {place} fehlen oder sind beschädigt ({cause}). Bitte nichts darin "
        "ändern, das Verzeichnis postgres beiseite legen und die letzte Sicherung mit `gateway restore` einspielen."
    )
    en = (
        "Files of the embedded database in {place} are missing or damaged ({cause}). Change nothing in it, put the "
        "directory postgres aside and run `gateway restore` with the last backup."
    )


class EvidenceKeysInvalid(OperatorError):
    """The keys to trust cannot be read."""

    code = "evidence_keys_invalid"
    de = (
        "Die Schlüssel, denen vertraut werden soll, sind nicht lesbar; die Befunde nennen Stelle und Regel. Erwartet "
        "wird, was `gateway evidence keys` ausgibt."
    )
    en = (
        "The keys to trust cannot be read; the findings name place and rule. What `gateway evidence keys` prints is "
        "expected."
    )


class AlreadyServing(OperatorError):
    """Another process serves the same data directory; a sandbox has one too."""

    code = "already_serving"
    de = "Dieses Datenverzeichnis hat schon ein laufender Prozess ({pid}). Bitte beenden oder data_dir (--data) ändern."
    en = "A process that runs has this data directory already ({pid}). Stop it or change data_dir (--data)."


class AddressTaken(OperatorError):
    """Another program listens where the API, or the sandbox, should."""

    code = "address_taken"
    de = "Die Adresse {address} ist belegt oder nicht erlaubt. Bitte ändern (server.host, server.port; --port)."
    en = "The address {address} is taken or not allowed. Change it (server.host, server.port; --port)."


class Overloaded(OperatorError):
    """A resource is nearly used up; nothing was taken over."""

    code = "overloaded"
    retry = True
    status = 503
    de = "Das Gateway ist ausgelastet. Es wurde nichts übernommen; bitte später erneut versuchen."
    en = "The gateway is at its limit. Nothing was taken over; try again later."


class Maintenance(OperatorError):
    """An operator stopped the gateway for maintenance; nothing was taken over."""

    code = "maintenance"
    retry = True
    status = 503
    de = "Das Gateway wird gewartet. Es wurde nichts übernommen; bitte später erneut versuchen."
    en = "The gateway is under maintenance. Nothing was taken over; try again later."


class BackupUnfit(OperatorError):
    """The file is no backup that this version can restore; nothing was changed."""

    code = "backup_unfit"
    de = (
        "Die Datei kann nicht wiederhergestellt werden: {cause_de}. Es wurde nichts verändert; ist sie nicht zu "
        "retten, bitte eine ältere Sicherung nehmen."
    )
    en = "The file cannot be restored: {cause_en}. Nothing was changed; where it cannot be saved, take an older backup."


class DatabaseNotEmpty(OperatorError):
    """A restore would write over data."""

    code = "database_not_empty"
    de = (
        "Die Datenbank enthält schon Daten; wiederhergestellt wird nur in eine leere. Bitte eine andere in "
        "database.url oder data_dir nennen."
    )
    en = (
        "The database holds data already; only an empty one is restored into. Name another one in database.url or "
        "data_dir."
    )


class RestoreUnfinished(OperatorError):
    """A restore was broken off before what was erased since was erased again."""

    code = "restore_unfinished"
    de = "Eine Wiederherstellung ist nicht abgeschlossen. Bitte `gateway restore` mit derselben Datei erneut ausführen."
    en = "A restore was not finished. Run `gateway restore` again with the same file."


class EvidenceKeyMissing(OperatorError):
    """The key that signed the evidence here is gone; a new one would hide that."""

    code = "evidence_key_missing"
    de = (
        "Der Schlüssel {place}, mit dem die Nachweise hier signiert sind, fehlt. Bitte zurücklegen; ist er verloren, "
        "einen neuen als evidence.signing_key_file und seinen öffentlichen Teil unter evidence.published_key_files "
        "angeben."
    )
    en = (
        "The key {place}, which signed the evidence here, is missing. Put it back; where it is lost, give a new one as "
        "evidence.signing_key_file and its public half in evidence.published_key_files."
    )


class EvidenceKeyWrong(OperatorError):
    """The key that signs evidence is not the one (nor beside one) that evidence here was signed with last."""

    code = "evidence_key_wrong"
    de = (
        "Die Nachweise dieser Datenbank sind mit einem anderen Schlüssel signiert als {place}. Bitte den richtigen "
        "zurücklegen; ist er verloren oder gewechselt, seinen öffentlichen Teil unter evidence.published_key_files "
        "angeben."
    )
    en = (
        "The evidence in this database is signed with another key than {place}. Put the right one back; where it is "
        "lost or was changed, give its public half in evidence.published_key_files."
    )


class EvidenceShortened(OperatorError):
    """The database lacks signed roots that are known outside of it; nothing more is signed."""

    code = "evidence_shortened"
    de = (
        "In der Datenbank stehen {there} Wurzelwerte über Nachweise; vermerkt ist außerhalb schon Nummer {known}, und "
        "diese fehlt oder ist eine andere. Es wird nichts mehr signiert. Bitte klären, was mit der Datenbank geschah, "
        "und dann `gateway evidence accept --why GRUND` ausführen."
    )
    en = (
        "The database holds {there} roots over evidence; outside of it number {known} is noted, which is missing or "
        "another. Nothing more is signed. Find out what happened to the database, then run `gateway evidence accept "
        "--why REASON`."
    )


class EvidenceWitnessUnreadable(OperatorError):
    """The file that names the newest root outside the database cannot be read or written."""

    code = "evidence_witness_unreadable"
    de = (
        "Die Datei {file}, die den neuesten Wurzelwert außerhalb der Datenbank vermerkt, ist nicht lesbar oder nicht "
        "beschreibbar. Bitte Rechte und Inhalt prüfen, notfalls die letzte Sicherung der Datei zurücklegen."
    )
    en = (
        "The file {file}, which notes the newest root outside the database, cannot be read or written. Check its "
        "permissions and content, or put its last copy back."
    )


class ErasedListUnwritable(OperatorError):
    """The list of what was erased could not be written, so nothing was erased."""

    code = "erased_list_unwritable"
    retry = True
    status = 503
    de = (
        "Die Liste der Löschungen {file} ist nicht schreibbar ({cause}). Es wurde nichts gelöscht; bitte Platz und "
        "Rechte prüfen und erneut löschen."
    )
    en = (
        "The list of erasures {file} cannot be written ({cause}). Nothing was erased; check space and permissions, "
        "then erase again."
    )


class ErasedListUnreadable(OperatorError):
    """A whole line of the list of what was erased says nothing; a restore could bring somebody back."""

    code = "erased_list_unreadable"
    titles = ("Die Liste der Löschungen ist unlesbar", "The list of erasures is unreadable")
    de = (
        "Die Liste der Löschungen {file} ist in Zeile {line} unlesbar. Es wurde nichts verändert; bitte die Zeile aus "
        "einer anderen Kopie der Liste übernehmen, oder sie entfernen und die Löschung selbst wiederholen."
    )
    en = (
        "The list of erasures {file} is unreadable in line {line}. Nothing was changed; take the line from another "
        "copy of the list, or remove it and repeat that erasure yourself."
    )


class SigningKeyUnfit(OperatorError):
    """The municipality's key, its certificates or its signer cannot make the signature that is asked for."""

    code = "signing_key_unfit"
    status = 503
    de = "Mit dem Schlüssel der Kommune kann nicht signiert werden: {cause_de} `gateway check` nennt alles."
    en = "The municipality's key cannot sign: {cause_en} `gateway check` names everything."


class SignerAway(OperatorError):
    """The external signer did not start, did not answer in time, or answered no signature; it may again."""

    code = "signer_away"
    retry = True
    status = 503
    de = "Der externe Signierer hat nicht signiert ({cause}). Bitte Befehl, Karte oder HSM prüfen."
    en = "The external signer did not sign ({cause}). Check the command, the card or the HSM."


class SetsNotWritten(OperatorError):
    """The directory of schema sets cannot be written."""

    code = "sets_not_written"
    de = (
        "Das Verzeichnis {place} lässt sich nicht beschreiben ({cause}). Es wurde nichts verändert; bitte Platz und "
        "Rechte prüfen oder schemas.dir ändern."
    )
    en = (
        "The directory {place} cannot be written ({cause}). Nothing was changed; check space and permissions, or "
        "change schemas.dir."
    )


class DemoFailed(OperatorError):
    """A process of the demo did not start."""

    code = "demo_failed"
    de = "Der Teil {part} der Vorführung ist nicht gestartet; Näheres steht in {log}."
    en = "The part {part} of the demo did not start; see {log}."


class CounterpartError(GatewayError):
    """The other side of a wire."""

    code = "counterpart"
    blame = Blame.COUNTERPART
    status = 502
    de = "Die Gegenstelle hat die Anfrage nicht erfüllt."
    en = "The counterpart did not fulfil the request."


class CounterpartAway(CounterpartError):
    """No connection, no answer, or an answer cut off: the outcome is unknown."""

    code = "counterpart_away"
    retry = True
    de = "Die Gegenstelle {host} ist nicht erreichbar; es wird erneut versucht."
    en = "The counterpart {host} cannot be reached; it is tried again."


class CounterpartBusy(CounterpartError):
    """408, 429 or 5xx: later."""

    code = "counterpart_busy"
    retry = True
    titles = ("Die Gegenstelle hat einen Fehler gemeldet", "The counterpart reported a failure")
    de = "Die Gegenstelle {host} antwortet mit {http_status}; es wird erneut versucht."
    en = "The counterpart {host} answers {http_status}; it is tried again."


class CounterpartRefused(CounterpartError):
    """A permanent refusal (400, 403, 404, 409, 413, 415, 422)."""

    code = "counterpart_refused"
    de = "Die Gegenstelle {host} lehnt ab ({http_status} {problem})."
    en = "The counterpart {host} refuses ({http_status} {problem})."


class CounterpartGarbled(CounterpartError):
    """An answer that does not follow its standard: the outcome is unknown."""

    code = "counterpart_garbled"
    retry = True
    de = "Die Antwort der Gegenstelle {host} ist nicht lesbar; es wird erneut versucht."
    en = "The answer of the counterpart {host} cannot be read; it is tried again."


class TokenRefused(CounterpartError):
    """The token endpoint refused our client."""

    code = "token_refused"
    blame = Blame.OPERATOR
    de = "Der Anmeldedienst {host} lehnt den Client ab. Bitte client_id und client_secret_file prüfen."
    en = "The token endpoint {host} refuses the client. Check client_id and client_secret_file."


class AddressRefused(CounterpartError):
    """The address policy of `outbound` does not allow the address."""

    code = "address_refused"
    blame = Blame.OPERATOR
    de = (
        "Die Adresse {host} ist nach der Adressregel nicht erlaubt. Bitte sie berichtigen oder, nur im Testbetrieb, "
        "Rechner oder Netz in outbound.allow_private aufnehmen."
    )
    en = (
        "The address {host} is not allowed by the address policy. Correct it or, in test mode only, name host or "
        "network in outbound.allow_private."
    )


class TlsMissing(CounterpartError):
    """A server offers no encryption that we trust, where we insist on it; nothing was sent."""

    code = "tls_missing"
    retry = True
    blame = Blame.OPERATOR
    de = (
        "Der Server {host} bietet keine vertrauenswürdige Verschlüsselung an ({rule}); es wurde nichts gesendet. Bitte "
        "Rechnername, Port und tls prüfen; eine eigene Zertifizierungsstelle gehört in outbound.ca_bundle."
    )
    en = (
        "The server {host} offers no encryption that can be trusted ({rule}); nothing was sent. Check host name, port "
        "and tls; an authority of your own belongs in outbound.ca_bundle."
    )


class DestinationUnfit(CounterpartError):
    """The destination does not take what we would send (status, service, region, schema, metadata version)."""

    code = "destination_unfit"
    blame = Blame.OPERATOR
    de = (
        "Der Zustellpunkt nimmt diese Einreichung nicht an: {rule}. Bitte ihn ergänzen lassen oder in der "
        "Kommunendatei den richtigen nennen."
    )
    en = (
        "The destination does not take this submission: {rule}. Have it extended, or name the right one in the "
        "municipality's file."
    )


class KeyUnfit(CounterpartError):
    """The destination's key breaks the rules; nothing was encrypted."""

    code = "key_unfit"
    blame = Blame.COUNTERPART
    de = (
        "Der Schlüssel des Zustellpunkts verletzt die Vorgaben: {rule}. Es wurde nichts verschlüsselt; die Behörde "
        "muss einen gültigen hinterlegen."
    )
    en = (
        "The destination's key breaks the rules: {rule}. Nothing was encrypted; its authority has to publish a valid "
        "one."
    )


class EvidenceRefused(CounterpartError):
    """A SET or its authentication tags do not verify."""

    code = "evidence_refused"
    de = "Ein Ereignis der Gegenstelle ist nicht nachweisbar echt: {rule}."
    en = "An event of the counterpart does not verify: {rule}."


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
    blame = Blame.OPERATOR
    de = (
        "Der Nachweis in der Datenbank ist nicht schlüssig; es wird nichts ausgegeben. Bitte die Datensicherung prüfen."
    )
    en = "The evidence in the database does not verify; nothing is handed out. Check the backup."


class EvidenceTooLarge(InternalError):
    """A submission has more evidence than an archive can hold; nothing of it is wrong or lost."""

    code = "evidence_too_large"
    blame = Blame.OPERATOR
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


def every_error() -> Iterator[type[GatewayError]]:
    """All classes of the tree, parents first; `docs/reference/errors.md` is generated from it."""
    waiting: list[type[GatewayError]] = [GatewayError]
    while waiting:
        current = waiting.pop(0)
        yield current
        waiting += current.__subclasses__()
