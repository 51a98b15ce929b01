"""Whether a service's readable application can be printed, told before the first application is.

Knows: every text of a service's files that reaches the PDF, and its examples. Never does: refuse a service for a
character that is shown as `[U+…]`. Standard: PDF/UA-1 (ISO 14289-1). Start reading: `findings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from gateway.errors import InternalError
from gateway.model import Attachment, Finding, Severity
from gateway.services.service import Service
from gateway.xoev.fim import Field, FieldKind, FormSchema
from gateway.xoev.form.texts import Texts
from gateway.xoev.readable.printable import unprintable

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_SAMPLE = "ordinary"


def findings(service: Service) -> list[Finding]:
    """Everything that an author should know of the printed application.

    Args:
        service: loaded and sound.

    Returns:
        a warning for each text with characters that the fonts lack, and an error for each language in which the
        ordinary example cannot be printed; pointers are `<service>/<file>#<path>`.
    """
    notes = [
        note
        for pointer, text in _texts(service)
        if (note := shown_otherwise(f"{service.id}/{pointer}", text)) is not None
    ]
    return [*notes, *_rehearsed(service)]


def shown_otherwise(pointer: str, text: str) -> Finding | None:
    """A warning that names the characters which the PDF shows as `[U+…]`; None where there are none."""
    points = ", ".join(unprintable(text)[:8])
    if not points:
        return None
    return Finding(
        pointer,
        "unprintable",
        f"Die Schriften des PDF haben diese Zeichen nicht; es zeigt [U+…]: {points}. Bitte ersetzen oder entfernen.",
        f"The PDF's fonts lack these characters; it shows [U+…]: {points}. Replace or remove them.",
        Severity.WARNING,
    )


def _texts(service: Service) -> Iterator[tuple[str, str]]:
    """Every text of the service's files that is printed, with file and place."""
    for language, title in service.titles.items():
        yield f"service.toml#/title/{language}", title
    for number, rule in enumerate(service.attachments):
        yield f"service.toml#/attachments/{number}/title/de", rule.title_de
        yield f"service.toml#/attachments/{number}/title/en", rule.title_en
    yield from _form(service.compiled.texts.form)
    yield from _english(service.compiled.texts)


def _form(form: FormSchema) -> Iterator[tuple[str, str]]:
    yield "form.xml#", form.label
    for path, element in form.elements():
        if isinstance(element, Field) and element.kind is FieldKind.LABEL:
            continue
        yield f"form.xml#/{path}", element.label
        for code in element.codes if isinstance(element, Field) else ():
            yield f"form.xml#/{path}/{code.code}", code.name or ""


def _english(texts: Texts) -> Iterator[tuple[str, str]]:
    for identifier, label in texts.labels.items():
        yield f"texts.toml#/labels/{identifier}", label
    for identifier, names in texts.codes.items():
        for code, name in names.items():
            yield f"texts.toml#/codes/{identifier}/{code}", name


def _rehearsed(service: Service) -> Iterator[Finding]:
    """The ordinary example printed with one attachment of each kind."""
    files = [Attachment(rule.kind, "a.pdf", rule.media_types[0], 1, "0" * 64) for rule in service.attachments]
    for language in ("de", "en"):
        try:
            service.readable(
                service.compiled.examples[_SAMPLE],
                municipality_name="–",
                received_at=_AT,
                attachments=files,
                language=language,
            )
        except InternalError:
            yield Finding(
                f"{service.id}/examples/{_SAMPLE}.json#",
                "unreadable",
                f"Der lesbare Antrag lässt sich nicht erzeugen ({language}); bitte den Herstellern melden.",
                f"The readable application cannot be made ({language}); tell the makers of the gateway.",
            )
