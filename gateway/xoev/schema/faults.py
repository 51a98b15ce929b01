"""What can be wrong with a schema set, in two languages, with file and line.

Knows: every sentence. Never does: repeat more of a file than what libxml2 names of the schema itself.
Standard: XML Schema 1.0. Start reading: `schema_fault`.
"""

from __future__ import annotations

from typing import Final

from gateway.model import Finding, Severity
from gateway.xoev.xml.strict_xml import XmlFault

_MOST_CHARACTERS: Final = 300
_WANTED: Final = {
    "xsd_none": ("ein XML-Schema (xs:schema)", "an XML schema (xs:schema)"),
    "xsd_empty": (
        "mindestens eine XSD-Datei mit targetNamespace in der Schemamenge",
        "at least one XSD file with a targetNamespace in the schema set",
    ),
    "xsd_many": (
        "höchstens 1000 Dateien und 64 MiB je Schema mit allem, was es einbindet",
        "at most 1000 files and 64 MiB for a schema with all it includes",
    ),
    "xsd_heavy": (
        "ein Schema, das sich nicht ins Unermessliche entfaltet (Gruppen, Muster, 1000 freie Elemente in Reihe)",
        "a schema that does not unfold beyond measure (groups, patterns; 1000 optional elements in a row)",
    ),
    "xsd_self_import": (
        "ein import eines anderen Namensraums; Dateien desselben bindet include ein",
        "an import of another namespace; files of the same one are taken in by include",
    ),
    "xsd_outside": (
        "ein include, das in der Schemamenge bleibt und nicht mit .. aus ihr hinausführt",
        "an include that stays in the schema set and does not lead out of it by ..",
    ),
    "xsd_missing": (
        "ein include einer Datei, die in einer der Schemamengen liegt; die fehlende bitte installieren",
        "an include of a file that lies in one of the schema sets; install the missing one",
    ),
    "xsd_invalid": ("ein gültiges XML-Schema", "a valid XML schema"),
    "xsd_entity": (
        "ein Schema ohne Verweise auf Entitäten im Text",
        "a schema without references to entities in its text",
    ),
}


def schema_fault(filename: str, line: int, rule: str, cause: str = "") -> Finding:
    """A fault at a line of a file; `said` is what libxml2 says of it."""
    de, en = _WANTED[rule]
    more = f" ({cause.strip()[:_MOST_CHARACTERS]})" if cause else ""
    return Finding(
        f"{filename}#/{line}", rule, f"Zeile {line}: Erwartet wird {de}{more}.", f"Line {line}: expected is {en}{more}."
    )


def not_installed(name: str, namespace: str) -> Finding:
    """A schema file that no set at hand holds."""
    return Finding(
        name,
        "set_absent",
        f"Die Schemadatei ist nicht installiert (Namensraum {namespace}). Bitte mit `gateway schemas install` "
        "einspielen.",
        f"The schema file is not installed (namespace {namespace}). Bring it in with `gateway schemas install`.",
    )


def absent(filename: str, line: int, namespace: str) -> Finding:
    """An import that no set at hand can answer."""
    return Finding(
        f"{filename}#/{line}",
        "xsd_absent",
        f"Zeile {line}: Ein Schema für den Namensraum {namespace} liegt weder daneben noch ist es unter den benutzten "
        "Schemamengen; bitte danebenlegen oder mit `gateway schemas install` einspielen.",
        f"Line {line}: no schema for the namespace {namespace} lies beside this one or among the sets in use; lay it "
        "beside, or bring it in with `gateway schemas install`.",
        Severity.WARNING,
    )


def unread(filename: str, fault: XmlFault) -> Finding:
    """A file that would answer an import but cannot be read, and why."""
    return Finding(
        f"{filename}#/{fault.line}",
        "xsd_unread",
        f"Diese Datei würde gebraucht, ist aber nicht lesbar: {fault.de}",
        f"This file would be needed but cannot be read: {fault.en}",
        Severity.WARNING,
    )


def judges_differ(filename: str) -> Finding:
    """libxml2 refuses a schema that the second judge takes."""
    return Finding(
        filename,
        "xsd_judges_differ",
        "Der zweite Prüfer (xmlschema) nimmt dieses Schema an, libxml2 nicht; benutzt wird es nicht. Bitte dem "
        "Herausgeber mit den Zeilen darüber melden.",
        "The second judge (xmlschema) takes this schema, libxml2 does not; it is not used. Report it to its publisher "
        "with the line above.",
        Severity.INFO,
    )
