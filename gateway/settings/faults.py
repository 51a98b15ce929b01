"""What a value in a settings or municipality file has to be, in two languages.

Knows: the kinds of fault that pydantic tells. Never does: repeat the value that was given.
Standard: house rule. Start reading: `sentences`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import PydanticCustomError

from gateway.errors.sentences import Sentences
from gateway.input.patterns import ADDRESS, ARS, BASIC_USER, BMI_ID, ENTITY_ID, PROVIDER_NAME, PUBLIC_URL, WEB_PAGE

_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "tls_pair": (
        "certificate_file und key_file gehören zusammen; bitte beide angeben oder keines.",
        "certificate_file and key_file belong together; give both or neither.",
    ),
    "smtp_user": (
        "user und password_file gehören zusammen; bitte beide angeben oder keines.",
        "user and password_file belong together; give both or neither.",
    ),
    "smtp_unencrypted": (
        "Ein Passwort wird nie unverschlüsselt gesendet; tls muss starttls oder tls sein.",
        "A password is never sent unencrypted; tls must be starttls or tls.",
    ),
    "mail_address": (
        "Eine Adresse hat die Form user@domain in ASCII.",
        "An address has the form user@domain in ASCII.",
    ),
    "recipient_way": ("Nötig ist mail oder url.", "Needed is mail or url."),
    "recipient_secret": (
        "url und secret_file gehören zusammen; bitte beide angeben oder keines.",
        "url and secret_file belong together; give both or neither.",
    ),
    "recipients_smtp": (
        "Empfänger mit mail brauchen alarms.smtp; bitte ergänzen.",
        "Recipients with mail need alarms.smtp; add it.",
    ),
    "recipients_name": (
        "Zwei Empfänger haben denselben Namen; jeder braucht einen eigenen.",
        "Two recipients have the same name; each needs its own.",
    ),
    "proxy": ("Erwartet wird http://host:port ohne Pfad.", "Expected is http://host:port without a path."),
    "network": (
        "Ein Eintrag ist weder ein Rechnername noch eine Adresse noch ein Netz (10.0.0.0/8).",
        "An entry is neither a host name nor an address nor a network (10.0.0.0/8).",
    ),
    "sha256": (
        "Erwartet wird ein SHA-256 mit 64 Zeichen aus 0-9 und a-f.",
        "Expected is a SHA-256 of 64 characters 0-9 and a-f.",
    ),
    "key_pair": (
        "next_…_key_file und next_…_certificate_file gehören zusammen; bitte beide angeben oder keines.",
        "next_…_key_file and next_…_certificate_file belong together; give both or neither.",
    ),
    "file_or_address": (
        "Erwartet wird ein Dateipfad oder eine Adresse, die mit https:// beginnt (im Testbetrieb auch http://).",
        "Expected is a path of a file or an address that begins with https:// (in test mode also http://).",
    ),
    "catalogue_push": (
        "address, token_url, client_id und client_secret_file gehören zusammen; bitte alle angeben oder keine.",
        "address, token_url, client_id and client_secret_file belong together; give all or none.",
    ),
    "maintenance_interval": (
        "begins und ends brauchen einen Zeitversatz (2026-12-01T22:00:00+01:00), und begins liegt vor ends.",
        "begins and ends need an offset (2026-12-01T22:00:00+01:00), and begins lies before ends.",
    ),
    "retention_days": ("Erlaubt sind 1 bis 36500 Tage.", "Allowed are 1 to 36500 days."),
    "extra_forbidden": (
        "Diese Einstellung gibt es nicht; bitte Schreibweise prüfen oder entfernen.",
        "There is no such setting; check the spelling or remove it.",
    ),
    "missing": (
        "Diese Einstellung ist nötig und fehlt; bitte ergänzen.",
        "This setting is required and missing; add it.",
    ),
    "string_pattern_mismatch": (
        "Der Text muss dem Muster {pattern} folgen.",
        "The text has to follow the pattern {pattern}.",
    ),
    "string_type": ('Erwartet wird ein Text in "…".', 'Expected is a text in "…".'),
    "string_too_short": (
        "Der Text braucht mindestens {min_length} Zeichen.",
        "The text needs at least {min_length} characters.",
    ),
    "string_too_long": (
        "Der Text darf höchstens {max_length} Zeichen haben.",
        "The text may have at most {max_length} characters.",
    ),
    "too_short": (
        "Nötig sind mindestens {min_length} Einträge oder Zeichen.",
        "At least {min_length} entries or characters are needed.",
    ),
    "tuple_type": ("Erwartet wird eine Liste in […].", "Expected is a list in […]."),
    "dict_type": ("Erwartet wird eine Tabelle.", "Expected is a table."),
    "model_type": ("Erwartet wird eine Tabelle.", "Expected is a table."),
    "int_type": ("Erwartet wird eine ganze Zahl.", "Expected is a whole number."),
    "int_parsing": ("Erwartet wird eine ganze Zahl.", "Expected is a whole number."),
    "int_from_float": ("Erwartet wird eine ganze Zahl.", "Expected is a whole number."),
    "float_type": ("Erwartet wird eine Zahl.", "Expected is a number."),
    "float_parsing": ("Erwartet wird eine Zahl.", "Expected is a number."),
    "bool_type": ("Erwartet wird true oder false.", "Expected is true or false."),
    "bool_parsing": ("Erwartet wird true oder false.", "Expected is true or false."),
    "greater_than_equal": ("Der kleinste erlaubte Wert ist {ge}.", "The least value allowed is {ge}."),
    "less_than_equal": ("Der größte erlaubte Wert ist {le}.", "The greatest value allowed is {le}."),
    "greater_than": ("Der Wert muss größer sein als {gt}.", "The value has to be greater than {gt}."),
    "less_than": ("Der Wert muss kleiner sein als {lt}.", "The value has to be less than {lt}."),
    "literal_error": ("Erlaubt ist nur: {expected}.", "Allowed is only: {expected}."),
    "uuid_parsing": (
        "Erwartet wird eine UUID (8-4-4-4-12 Zeichen, 0-9 und a-f).",
        "Expected is a UUID (8-4-4-4-12 characters, 0-9 and a-f).",
    ),
    "uuid_type": ("Erwartet wird eine UUID als Text.", "Expected is a UUID as a text."),
    "path_type": ("Erwartet wird ein Dateipfad als Text.", "Expected is a file path as a text."),
    "": (  # a rule of pydantic that no setting of today has
        "Der Wert verletzt seine Regel ({type}); erlaubt ist, was docs/reference/settings.md nennt.",
        "The value breaks its rule ({type}); allowed is what docs/reference/settings.md says.",
    ),
}
_FORMS: Final[Mapping[re.Pattern[str], tuple[str, str]]] = {
    ENTITY_ID: (
        (
            "Erwartet wird eine Adresse mit https:// und einem vollständigen Rechnernamen in Kleinbuchstaben, ohne "
            "Port, Abfrage und Fragment, etwa https://login.stadt.example."
        ),
        (
            "Expected is an address with https:// and a full host name in lower case, without port, query and "
            "fragment, such as https://login.town.example."
        ),
    ),
    PUBLIC_URL: (
        "Erwartet wird eine Adresse mit https:// (im Testbetrieb auch http://) ohne Benutzer, Abfrage und Fragment.",
        "Expected is an address with https:// (in test mode also http://) without user, query and fragment.",
    ),
    ARS: (
        "Erwartet wird ein Amtlicher Regionalschlüssel mit 12 Ziffern.",
        "Expected is an Amtlicher Regionalschlüssel of 12 digits.",
    ),
    BASIC_USER: (
        "Erwartet werden 1 bis 255 Zeichen aus ASCII ohne Doppelpunkt.",
        "Expected are 1 to 255 characters of ASCII without colon.",
    ),
    BMI_ID: (
        "Erwartet wird die BMI-ID des Onlinedienstes, wie BundID sie vergibt: BMI- und Buchstaben oder Ziffern.",
        "Expected is the BMI-ID of the online service as BundID gives it: BMI- and letters or digits.",
    ),
    PROVIDER_NAME: (
        (
            "Der Name eines Identitätsanbieters steht in Adressen: höchstens 32 Zeichen aus a-z, 0-9 und -, vorn ein "
            "Buchstabe."
        ),
        "The name of an identity provider stands in addresses: at most 32 of a-z, 0-9 and -, a letter first.",
    ),
    WEB_PAGE: (
        "Erwartet wird die Adresse einer Seite, die mit https:// beginnt, ohne Benutzer und Leerzeichen.",
        "Expected is the address of a page that begins with https://, without user and blanks.",
    ),
    ADDRESS: (
        (
            "Erwartet wird eine Adresse, die mit https:// beginnt (im Testbetrieb auch http://), ohne Leerzeichen und "
            "Fragment."
        ),
        "Expected is an address that begins with https:// (in test mode also http://), without blanks and fragment.",
    ),
}
_PATTERNS: Final = {f"^{form.pattern}$": meaning for form, meaning in _FORMS.items()}
"""What people read instead of a pattern."""


def sentences(fault: Mapping[str, Any]) -> tuple[str, str]:
    """German and English sentence for one fault as pydantic tells it (`type`, `ctx`)."""
    kind, limits = fault["type"], fault.get("ctx", {})
    expected = str(limits.get("expected", ""))
    if (readable := _PATTERNS.get(str(limits.get("pattern")))) is not None:
        return readable
    named = {"type": kind, **limits, "expected": (expected.replace(" or ", " oder "), expected)}
    return Sentences(_SENTENCES).said(kind if kind in _SENTENCES else "", **named)


def broken(rule: str) -> PydanticCustomError:
    """What a section raises where values do not fit together; `rule` is one of the sentences above."""
    return PydanticCustomError(rule, "{rule}", {"rule": rule})
