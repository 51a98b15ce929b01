"""What is said of entries of the catalogue, rule by rule, in German and English.

Knows: each rule of `entry_files`, `entry_rules` and `registry`. Never does: apply one.
Standard: house rule (both sentences beside their rule). Start reading: `SENTENCES`.
"""

from __future__ import annotations

from typing import Final

from gateway.errors.sentences import Sentences

SENTENCES: Final = {
    "entry_folder": (
        "Das Verzeichnis der Einträge fehlt oder ist nicht lesbar; bitte anlegen, Rechte ändern oder dir berichtigen.",
        "The directory of entries is missing or cannot be read; make it, change its permissions or correct dir.",
    ),
    "entry_file_unreadable": (
        "Die Datei ist nicht lesbar oder keine gewöhnliche Datei; bitte Rechte oder Verweis berichtigen.",
        "The file cannot be read or is no regular file; correct its permissions or the link.",
    ),
    "entry_file_outside": (
        "Der Verweis führt aus dem Verzeichnis der Einträge heraus; bitte die Datei selbst hineinlegen.",
        "The link leads out of the directory of entries; put the file itself there.",
    ),
    "entry_file_too_large": (
        "Die Datei ist größer als {0} MiB; bitte kürzen.",
        "The file is larger than {0} MiB; shorten it.",
    ),
    "entry_not_toml": ("Die Datei ist hier kein gültiges TOML: {0}.", "Here the file is not valid TOML: {0}."),
    "entry_missing": ("Der Schlüssel „{0}“ fehlt; bitte ergänzen.", 'The key "{0}" is missing; add it.'),
    "entry_twice": (
        "Diese Kennung hat schon ein anderer Eintrag ({0}); bitte eine eigene vergeben.",
        "Another entry has this id already ({0}); give it one of its own.",
    ),
    "entry_id_taken": (
        (
            "So heißt ein Dienst, den das Gateway zustellt. Soll die Datei dessen Angaben ändern, delivered_by = "
            '"gateway" setzen; sonst eine andere Kennung vergeben.'
        ),
        (
            "A service that the gateway delivers has this id. Where the file is meant to change its facts, set "
            'delivered_by = "gateway"; else give another id.'
        ),
    ),
    "entry_not_ours": (
        (
            "Das Gateway bietet hier keinen solchen Dienst an; bitte Kennung berichtigen, delivered_by entfernen oder "
            'life_cycle = "withdrawn" setzen.'
        ),
        (
            "The gateway offers no such service here; correct the id, remove delivered_by or set "
            'life_cycle = "withdrawn".'
        ),
    ),
    "entry_fact_of_service": (
        "Das sagt die Datei des Dienstes und lässt sich hier nicht ändern; bitte entfernen.",
        "The service's own file says this and it cannot be changed here; remove it.",
    ),
    "entry_unknown_service": (
        "Diesen Dienst bietet die Kommune nicht durch das Gateway an; bitte Schreibweise prüfen oder entfernen.",
        "The municipality offers no such service by the gateway; check the spelling or remove it.",
    ),
    "entry_unknown": (
        "Keine Datei und kein Dienst hat diese Kennung; bitte Schreibweise prüfen oder entfernen.",
        "No file and no service has this id; check the spelling or remove it.",
    ),
    "entry_unit_unknown": (
        "Diese Stelle ist nirgends beschrieben; bitte in einer Datei als Tabelle [unit] beschreiben.",
        "This unit is described nowhere; describe it in a file as a table [unit].",
    ),
    "entry_unit_contradicts": (
        "Dieselbe Stelle ist anderswo anders beschrieben ({0}); bitte angleichen oder eine andere Kennung vergeben.",
        "The same unit is described differently elsewhere ({0}); make them equal or give another id.",
    ),
    "entry_unit_mail": (
        "Erwartet wird eine Mailadresse wie rathaus@stadt.example; bitte berichtigen.",
        "A mail address like rathaus@stadt.example is expected; correct it.",
    ),
    "entry_key_twice": (
        (
            "Denselben Leistungsschlüssel hat in diesem Gebiet schon der Eintrag „{0}“; bitte einen zurückziehen oder "
            "die Zeiträume trennen."
        ),
        'In this area the entry "{0}" has the same service key already; withdraw one or part their times.',
    ),
    "entry_id_used": (
        "Diese Kennung gehört für immer der zurückgezogenen Leistung {0}; bitte eine andere vergeben.",
        "This id belongs to the withdrawn service {0} for ever; give another one.",
    ),
    "entry_validity": (
        "valid_until liegt nicht nach valid_from; bitte berichtigen (das Ende zählt nicht mehr dazu).",
        "valid_until is not after valid_from; correct it (the end does not belong to it any more).",
    ),
    "entry_level": (
        "Das Reifegradmodell {0} hat die Stufen 0 bis {1}; bitte berichtigen.",
        "The maturity model {0} has the levels 0 to {1}; correct it.",
    ),
    "entry_model_twice": (
        "Nach diesem Reifegradmodell ist schon bewertet; bitte nur die geltende Bewertung lassen.",
        "There is an assessment by this maturity model already; leave only the one that holds.",
    ),
    "entry_module_twice": (
        "Dieses Textmodul steht schon da; bitte zusammenfassen.",
        "This text module is there already; put both together.",
    ),
    "entry_language": (
        "Das Portalverbund-Onlinegateway kennt nur de und en; bitte die andere Sprache entfernen.",
        "The Portalverbund's online gateway knows de and en only; remove the other language.",
    ),
    "entry_blank": (
        "Der Text ist leer; bitte ausfüllen oder entfernen.",
        "The text is blank; fill it in or remove it.",
    ),
    "entry_text_too_long": (
        "Der Text hat mehr als {0} Bytes; bitte kürzen.",
        "The text has more than {0} bytes; shorten it.",
    ),
    "entry_characters": (
        "Zeichen {0} ({1}) ist nicht erlaubt, sondern {2} (DIN 91379).{3}",
        "Character {0} ({1}) is not allowed, but {2} (DIN 91379).{3}",
    ),
    "entry_markup": (
        "Hier steht Text ohne HTML; Auszeichnungen sind nur in Textmodulen erlaubt. Bitte entfernen.",
        "Text without HTML stands here; markup is allowed in text modules only. Remove it.",
    ),
    "entry_html_element": (
        "Das Element <{0}> ist in Texten nicht erlaubt; bitte entfernen oder ersetzen.",
        "The element <{0}> is not allowed in texts; remove or replace it.",
    ),
    "entry_html_attribute": (
        "Am Element <{0}> ist das Attribut {1} nicht erlaubt; bitte entfernen.",
        "The attribute {1} is not allowed at the element <{0}>; remove it.",
    ),
    "entry_html_other": (
        "{0} ist in Texten nicht erlaubt; bitte entfernen.",
        "{0} is not allowed in texts; remove it.",
    ),
    "entry_html_read_otherwise": (
        "Das HTML ist nicht eindeutig (nicht geschlossene oder verschränkte Elemente); bitte ordentlich schachteln.",
        "The HTML is ambiguous (elements not closed or interleaved); nest it properly.",
    ),
    "entry_address": (
        "Das ist keine Internetadresse, wie sie im Katalog stehen kann; bitte vollständig angeben (https://…).",
        "This is no web address that can stand in a catalogue; give it in full (https://…).",
    ),
    "entry_address_scheme": (
        "Erlaubt sind nur Adressen mit https; bitte berichtigen.",
        "Only addresses with https are allowed; correct it.",
    ),
    "entry_address_login": (
        "In der Adresse stehen Zugangsdaten, die alle lesen würden; bitte entfernen.",
        "The address holds credentials that everybody would read; remove them.",
    ),
    "entry_address_private": (
        "Die Adresse liegt in einem privaten Netz, das niemand erreicht; bitte die öffentliche nennen.",
        "The address lies in a private network that nobody reaches; name the public one.",
    ),
    "entry_without_url": (
        (
            "Ohne Adresse findet niemand den Dienst, und er kann nicht gelistet werden; bitte [catalogue.urls] oder "
            "url setzen."
        ),
        "Without an address nobody finds the service, and it cannot be listed; set [catalogue.urls] or url.",
    ),
    "entry_without_unit": (
        "Es ist keine zuständige Stelle genannt; bitte [catalogue.unit] der Kommune oder unit setzen.",
        "No responsible unit is named; set [catalogue.unit] of the municipality or unit.",
    ),
    "no_leika": (
        "Ohne Leistungsschlüssel erscheint der Dienst nicht im Portalverbund; hat die Leistung einen, bitte eintragen.",
        "Without a service key the service does not appear in the Portalverbund; where it has one, enter it.",
    ),
    "entry_vanished": (
        (
            'Der Eintrag steht in keiner Datei mehr und bleibt, wie er war: mit life_cycle = "withdrawn" zurückziehen '
            "oder die Datei wiederherstellen."
        ),
        (
            'No file has this entry any more and it stays as it was: withdraw it with life_cycle = "withdrawn" or '
            "restore the file."
        ),
    ),
    "entry_town_vanished": (
        (
            "Keine Datei nennt diese Kommune mehr; ihre Einträge ({0}) bleiben, wie sie waren. Datei wiederherstellen "
            "oder vorher alle zurückziehen."
        ),
        (
            "No file names this municipality any more; its entries ({0}) stay as they were. Restore the file, or "
            "withdraw them all before."
        ),
    ),
}

_ROOM: Final = Sentences(SENTENCES)
finding: Final = _ROOM.finding
