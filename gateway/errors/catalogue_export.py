"""What keeps an export of the OZG catalogue from being accepted; nothing of it is kept or served then.

Knows: codes, retry, HTTP hint, German and English sentences. Never does: logging, I/O.
Standard: RFC 9457. Start reading: `CatalogueExportInvalid`.
"""

from __future__ import annotations

from gateway.errors.operator import OperatorError


class CatalogueExportInvalid(OperatorError):
    """Entries, or the schema at hand, do not make objects that anybody would take; findings name each."""

    code = "catalogue_export_invalid"
    de = (
        "Der Export des OZG-Katalogs wurde nicht angenommen: Einträge oder das Schema enthalten Fehler, alle sind "
        "aufgeführt. Ausgeliefert wird weiter der vorige."
    )
    en = (
        "The export of the OZG catalogue was not accepted: entries or the schema have faults, all are listed. The "
        "previous one is served as before."
    )


class CatalogueExportShrinks(OperatorError):
    """The export would lose services that nobody withdrew, or more objects than allowed; findings name them."""

    code = "catalogue_export_shrinks"
    de = (
        "Der Export des OZG-Katalogs wurde nicht angenommen: es ginge mehr verloren als erlaubt. Bitte Dateien, "
        "Verzeichnis und Datenbank prüfen; ist der Verlust gewollt: gateway catalogue export --allow-loss --by NAME "
        "--reason GRUND."
    )
    en = (
        "The export of the OZG catalogue was not accepted: more would be lost than is allowed. Check files, directory "
        "and database; where the loss is meant: gateway catalogue export --allow-loss --by NAME --reason TEXT."
    )


class CatalogueEmpty(OperatorError):
    """There is nothing to export, and never was: an empty index would be taken for an abort."""

    code = "catalogue_empty"
    de = (
        "Es gibt nichts zu exportieren: kein veröffentlichter Eintrag hat Leistungsschlüssel und Adresse "
        "(gateway catalogue check)."
    )
    en = "There is nothing to export: no published entry has a LeiKa key and an address (gateway catalogue check)."


class CatalogueExportBusy(OperatorError):
    """Another process is making an export, and did not end in time."""

    code = "catalogue_export_busy"
    retry = True
    status = 503
    de = "Ein anderer Prozess erstellt gerade einen Export des OZG-Katalogs; bitte später erneut versuchen."
    en = "Another process is making an export of the OZG catalogue; try again later."


class CatalogueUnverified(OperatorError):
    """The export was not held to the official schema; such a one is never pushed."""

    code = "catalogue_unverified"
    de = (
        "Der Export ist nicht am amtlichen XZuFi-Schema geprüft und wird deshalb nicht übertragen. Bitte das Schema "
        "installieren (gateway schemas install) und neu exportieren."
    )
    en = (
        "The export was not held to the official XZuFi schema and is therefore not pushed. Install the schema "
        "(gateway schemas install) and export again."
    )
