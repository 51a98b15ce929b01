"""What a finding says: one German and one English sentence for each rule of record, document and attachments.

Knows: rules by their slug and the way out of each. Never does: repeat a value that somebody entered.
Standard: house rule; the slugs are stable and documented. Start reading: `finding`.
"""

from __future__ import annotations

from typing import Final

from gateway.errors.sentences import Sentences
from gateway.model import Finding, Severity

SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "missing": (
        "„{de}“ fehlt, ist aber eine Pflichtangabe. Bitte ergänzen.",
        '"{en}" is missing but required. Add it.',
    ),
    "unknown_field": (
        "Dieses Feld kennt der Dienst nicht. Bitte entfernen oder den Namen prüfen (siehe record.schema.json).",
        "The service does not know this field. Remove it or check its name (see record.schema.json).",
    ),
    "wrong_type": (
        "„{de}“ hat den falschen Typ; erlaubt: {types_de}.",
        '"{en}" has the wrong type; allowed: {types_en}.',
    ),
    "too_long": (
        "„{de}“ ist zu lang; erlaubt sind höchstens {limit} Zeichen. Bitte kürzen.",
        '"{en}" is too long; at most {limit} characters are allowed. Shorten it.',
    ),
    "too_short": (
        "„{de}“ ist zu kurz; nötig sind mindestens {limit} Zeichen. Leere Angaben bitte weglassen.",
        '"{en}" is too short; at least {limit} characters are needed. Leave out what is empty.',
    ),
    "pattern": (
        "„{de}“ entspricht nicht dem vorgegebenen Muster {limit}.",
        '"{en}" does not follow the pattern {limit}.',
    ),
    "not_in_list": (
        "„{de}“ ist kein Wert der Liste; erlaubt: {limit}.",
        '"{en}" is not on the list; allowed: {limit}.',
    ),
    "format": ("„{de}“ ist kein gültiger Wert; erwartet wird {limit}.", '"{en}" is not valid; expected is {limit}.'),
    "too_small": (
        "„{de}“ liegt unter dem kleinsten erlaubten Wert {limit}.",
        '"{en}" is below the least value allowed, {limit}.',
    ),
    "too_large": (
        "„{de}“ liegt über dem größten erlaubten Wert {limit}.",
        '"{en}" is above the greatest value allowed, {limit}.',
    ),
    "multiple_of": ("„{de}“ muss ein Vielfaches von {limit} sein.", '"{en}" has to be a multiple of {limit}.'),
    "too_few": (
        "„{de}“ ist zu selten angegeben; nötig sind mindestens {limit} Einträge.",
        '"{en}" is given too few times; at least {limit} entries are needed.',
    ),
    "too_many": (
        "„{de}“ ist zu oft angegeben; erlaubt sind höchstens {limit} Einträge.",
        '"{en}" is given too many times; at most {limit} entries are allowed.',
    ),
    "not_unique": (
        "„{de}“ kommt mehrfach mit demselben Wert vor; jeder Wert darf nur einmal vorkommen. Bitte umbenennen.",
        '"{en}" occurs several times with the same value; each value may occur only once. Rename one.',
    ),
    "schema": (
        "„{de}“ verletzt das Schema des Antrags (Regel {limit}).",
        '"{en}" breaks the schema of the record (rule {limit}).',
    ),
    "characters": (
        "„{de}“: Zeichen {position} ist nach DIN 91379 Typ {datatype} nicht erlaubt ({allowed_de}).{suggestion_de}",
        '"{en}": DIN 91379 datatype {datatype} forbids character {position} ({allowed_en}).{suggestion_en}',
    ),
    "normalised": (
        "„{de}“: {name_de} ({point}) an Stelle {places_de} {change_de} (DIN 91379).",
        '"{en}": {name_en} ({point}) at {places_en} {change_en} (DIN 91379).',
    ),
    "exactly_one": ("Genau eine dieser Angaben ist nötig: {de}.", "Exactly one of these is needed: {en}."),
    "at_least_one": ("Mindestens eine dieser Angaben ist nötig: {de}.", "At least one of these is needed: {en}."),
    "too_early": (
        "„{de}“ liegt zu früh; frühestens möglich: {limit_de}.",
        '"{en}" is too early; the earliest possible: {limit_en}.',
    ),
    "too_late": (
        "„{de}“ liegt zu spät; spätestens möglich: {limit_de}.",
        '"{en}" is too late; the latest possible: {limit_en}.',
    ),
    "sum": ("Die Werte von „{de}“ müssen zusammen {limit} ergeben.", 'The values of "{en}" have to add up to {limit}.'),
    "not_confirmed": (
        "„{de}“ muss bestätigt sein (true), sonst kann der Antrag nicht angenommen werden.",
        '"{en}" has to be confirmed (true), else the application cannot be taken.',
    ),
    "not_unicode": (
        "Der Text enthält halbe Unicode-Ersatzzeichen (Surrogate). Bitte gültiges Unicode senden.",
        "The text holds lone Unicode surrogates. Send valid Unicode.",
    ),
    "text_too_large": (
        "Ein Text ist länger als die technische Grenze von {limit} Zeichen. Große Inhalte bitte als Anlage senden.",
        "A text is longer than the technical limit of {limit} characters. Send large content as an attachment.",
    ),
    "too_deep": (
        "Der Antrag ist tiefer als {limit} Ebenen verschachtelt.",
        "The record nests deeper than {limit} levels.",
    ),
    "too_many_values": ("Der Antrag enthält mehr als {limit} Werte.", "The record holds more than {limit} values."),
    "number_range": (
        "Die Zahl kann nicht übertragen werden. Bitte eine endliche Zahl mit höchstens 15 Stellen senden.",
        "The number cannot be transported. Send a finite number of at most 15 digits.",
    ),
    "not_an_object": ("Der Antrag (record) muss ein JSON-Objekt sein.", "The record has to be a JSON object."),
    "attachment_unknown_kind": (
        "Diese Art von Anlage kennt der Dienst nicht; erlaubt: {limit}.",
        "The service does not know this kind of attachment; allowed: {limit}.",
    ),
    "attachment_missing": (
        "Die Anlage „{de}“ ({limit}) fehlt. Bitte hochladen und nennen.",
        'The attachment "{en}" ({limit}) is missing. Upload and name it.',
    ),
    "attachment_expected": (
        "Zu diesen Angaben gehört in der Regel die Anlage „{de}“ ({limit}).",
        'These data usually come with the attachment "{en}" ({limit}).',
    ),
    "attachment_too_many": (
        "Zu viele Anlagen „{de}“; erlaubt sind höchstens {limit}.",
        'Too many attachments "{en}"; at most {limit} are allowed.',
    ),
    "attachment_media_type": (
        "Dieses Format ist für „{de}“ nicht erlaubt; erlaubt: {limit}.",
        'This format is not allowed for "{en}"; allowed: {limit}.',
    ),
    "attachment_too_large": (
        "Die Anlage „{de}“ ist zu groß; erlaubt sind höchstens {limit} Bytes.",
        'The attachment "{en}" is too large; at most {limit} bytes are allowed.',
    ),
    "attachment_empty": (
        "Die Anlage „{de}“ ist leer. Bitte die Datei erneut hochladen.",
        'The attachment "{en}" is empty. Upload the file again.',
    ),
    "attachments_too_many": (
        "Zu viele Anlagen; ein Antrag darf höchstens {limit} haben.",
        "Too many attachments; an application may have at most {limit}.",
    ),
    "attachments_too_large": (
        "Die Anlagen sind zusammen zu groß; erlaubt sind höchstens {limit} Bytes.",
        "The attachments are too large together; at most {limit} bytes are allowed.",
    ),
    "document_too_large": (
        "Der Antrag wird als Dokument größer als {limit} Bytes, mehr ist nicht zustellbar; bitte kürzen.",
        "The application becomes a document of more than {limit} bytes, the most that can be delivered; shorten it.",
    ),
    "calendar_time": (
        "Das wird kein Termin: erwartet werden Tag (JJJJ-MM-TT), Uhrzeit (HH:MM) und eine Dauer in Minuten.",
        "This makes no appointment: expected are a day (YYYY-MM-DD), a time (HH:MM) and a length in minutes.",
    ),
    "attachment_filename": (
        "Dateiname bitte ändern: höchstens {limit} Zeichen, deutsche Buchstaben, 0-9, -_!=+~,;.#°§$%()[] und Endung.",
        "Rename the file: at most {limit} characters, German letters, 0-9, -_!=+~,;.#°§$%()[] and an extension.",
    ),
}
"""Rule -> sentences with the places `{de}`/`{en}` for the label of what is meant and named limits of the rule."""

_SAID: Final = Sentences(SENTENCES)


def finding(
    pointer: str, rule: str, label: tuple[str, str] = ("", ""), *, severity: Severity = Severity.ERROR, **limits: object
) -> Finding:
    """A finding with its sentences.

    Args:
        pointer: where, as an RFC 6901 pointer into the create body.
        rule: a slug of `SENTENCES`.
        label: what is meant, in German and English, from form schema and texts.
        severity: how much it weighs.
        limits: the rule's own parameters; never a value from the record.
    """
    return _SAID.finding(pointer, rule, severity=severity, de=label[0], en=label[1], **limits)
