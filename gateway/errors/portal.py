"""What a portal has to mend: its request, body, uploads or token.

Knows: codes, retry, HTTP hint, German and English sentences. Never does: logging, I/O.
Standard: RFC 9457. Start reading: `BadInput`.
"""

from __future__ import annotations

from gateway.errors.root import GatewayError
from gateway.model import Blame as _Blame


class BadInput(GatewayError):
    """The caller's input; the portal has to act."""

    code = "bad_input"
    blame = _Blame.PORTAL
    status = 400
    de = "Die Anfrage ist nicht zulässig."
    en = "The request is not admissible."


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


class NotFound(BadInput):
    """There is no such thing for this caller."""

    code = "not_found"
    status = 404
    de = "Unter dieser Adresse gibt es für Sie nichts."
    en = "There is nothing for you at this address."


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


class LoginUnusable(BadInput):
    """The login that an application names is not there for it: foreign, expired, used, told alike."""

    code = "login_unusable"
    status = 422
    titles = ("Die Anmeldung ist hierfür nicht verwendbar", "The login cannot be used for this")
    de = (
        "Diese Anmeldung gibt es für diesen Antrag nicht: Eine `login_ref` gilt eine Stunde, für einen Antrag, für das "
        "Portal und die Kommune der Anmeldung. Eine Korrektur behält die Anmeldung ihres Originals; eine neue muss von "
        "derselben Person sein. Bitte neu anmelden lassen (GET /oidc/authorize) und die neue `login_ref` nennen."
    )
    en = (
        "There is no such login for this application: a `login_ref` holds for one hour, for one application, for the "
        "portal and municipality of the login. A correction keeps the login of its original; a new one has to be the "
        "same person's. Have the person log in anew (GET /oidc/authorize) and name the new `login_ref`."
    )


class AssuranceTooLow(BadInput):
    """The service needs a login of a level that was not reached, or there is none."""

    code = "assurance_too_low"
    status = 422
    titles = ("Das Vertrauensniveau der Anmeldung reicht nicht", "The level of assurance of the login is too low")
    de = (
        "Dieser Dienst verlangt eine Anmeldung mindestens mit {level_de}. Bitte die Person so anmelden: GET "
        "/oidc/authorize mit acr_values={acr}, dann die `login_ref` des ID-Tokens als `login` nennen."
    )
    en = (
        "This service needs a login with at least {level}. Have the person log in so: GET /oidc/authorize with "
        "acr_values={acr}, then name the `login_ref` of the ID token as `login`."
    )


class AccountNotAllowed(BadInput):
    """The service is for another kind of account: for organisations alone, or for persons alone."""

    code = "account_not_allowed"
    status = 422
    titles = (
        "Dieser Dienst steht dieser Art von Konto nicht offen",
        "This service is not open to this kind of account",
    )
    de = (
        "Dieser Dienst steht nur {accounts_de} offen. Bitte mit einem solchen Konto neu anmelden (GET /oidc/authorize) "
        "und die neue `login_ref` als `login` nennen."
    )
    en = (
        "This service is open to {accounts} only. Log in anew with such an account (GET /oidc/authorize) and name the "
        "new `login_ref` as `login`."
    )


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


class TooManyLogins(BadInput):
    """So many logins are under way, from one address or together, that no other one may begin."""

    code = "too_many_logins"
    retry = True
    status = 429
    titles = ("Zu viele Anmeldungen zugleich", "Too many logins at once")
    de = "Es sind zu viele Anmeldungen zugleich begonnen; bitte in einigen Minuten erneut versuchen."
    en = "Too many logins are under way at once; try again in a few minutes."


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
