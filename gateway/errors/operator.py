"""What an operator has to mend: settings, keys, machine, database.

Knows: codes, retry, HTTP hint, German and English sentences. Never does: logging, I/O.
Standard: RFC 9457. Start reading: `OperatorError`.
"""

from __future__ import annotations

from gateway.errors.root import GatewayError
from gateway.model import Blame as _Blame


class OperatorError(GatewayError):
    """Configuration or machine; the operator has to act."""

    code = "operator"
    blame = _Blame.OPERATOR
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
