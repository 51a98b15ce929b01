"""What the other side of a wire did or is.

Knows: codes, retry, HTTP hint, German and English sentences. Never does: logging, I/O.
Standard: RFC 9457. Start reading: `CounterpartError`.
"""

from __future__ import annotations

from gateway.errors.root import GatewayError
from gateway.model import Blame as _Blame


class CounterpartError(GatewayError):
    """The other side of a wire."""

    code = "counterpart"
    blame = _Blame.COUNTERPART
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
    blame = _Blame.OPERATOR
    de = "Der Anmeldedienst {host} lehnt den Client ab. Bitte client_id und client_secret_file prüfen."
    en = "The token endpoint {host} refuses the client. Check client_id and client_secret_file."


class AddressRefused(CounterpartError):
    """The address policy of `outbound` does not allow the address."""

    code = "address_refused"
    blame = _Blame.OPERATOR
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
    blame = _Blame.OPERATOR
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
    blame = _Blame.OPERATOR
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
    blame = _Blame.COUNTERPART
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
