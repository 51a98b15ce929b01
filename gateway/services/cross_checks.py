"""What has to fit between the files of one service, each of which is right by itself.

Knows: places that `service.toml` names in the record, texts of the second language. Never does: read a file.
Standard: file formats of this project. Start reading: `incoherent`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from gateway.errors.sentences import Sentences
from gateway.model import Finding, Severity
from gateway.services.definition import AttachmentRule, Definition
from gateway.xoev.fim import Field, FieldKind, FormSchema, Group
from gateway.xoev.form.filling import FillingPlan
from gateway.xoev.form.texts import Texts
from gateway.xoev.mapping.model import STAR, FieldEntry, Tokens

SENTENCES: Final = {
    "service_pointer": (
        "Diese Stelle gibt es im Antrag nicht; mapping.toml nennt alle (from).",
        "The record has no such place; mapping.toml names them all (from).",
    ),
    "texts_missing": (
        "Der englische Text für {0} fehlt; entweder ergänzen oder en aus languages in service.toml nehmen.",
        "The English text of {0} is missing; add it, or take en out of languages in service.toml.",
    ),
    "texts_code": ("Diesen Code gibt es am Feld nicht; möglich: {0}.", "The field has no such code; possible: {0}."),
    "attachment_field_kind": (
        "Diese Art von Anlage hat der Dienst nicht; möglich: {0}.",
        "The service has no such kind of attachment; possible: {0}.",
    ),
    "attachment_field_required": (
        "Das Pflichtfeld {0} nennt diese Anlage; sie muss Pflicht sein (required = true).",
        "The mandatory field {0} names this attachment; it has to be required (required = true).",
    ),
    "attachment_field_count": (
        "Das Feld {0} steht seltener, als Anlagen dieser Art erlaubt sind; max_count höchstens {1}.",
        "The field {0} stands less often than attachments of this kind are allowed; max_count at most {1}.",
    ),
    "attachment_field_few": (
        "Das Feld {0} verlangt mehr Anlagen dieser Art, als erlaubt sind; max_count mindestens {1}.",
        "The field {0} asks for more attachments of this kind than are allowed; max_count at least {1}.",
    ),
}
"""Rule -> sentences; `{0}` is an element id or a list of codes of the form schema."""
_FORMAT: Final = (
    "Der Dienst nimmt für die Anlage {0} Formate, die das Stammdatenschema hier nicht nennt: {1}; es nennt {2}.",
    "For the attachment {0} the service takes formats that the form schema does not name here: {1}; it names {2}.",
)


def incoherent(definition: Definition, places: AbstractSet[Tokens], texts: Texts) -> Iterator[tuple[str, Finding]]:
    """Every contradiction between the files of a service, with the name of the file to mend.

    Args:
        definition: `service.toml`.
        places: every place of the record, `*` for the items of a list.
        texts: `texts.toml` over the form schema.
    """
    for pointer, named in _named(definition):
        if not places >= named:
            yield "service.toml", _fault(pointer, "service_pointer")
    for pointer, code_list in _foreign_codes(texts):
        yield "texts.toml", _fault(pointer, "texts_code", code_list)
    if "en" in definition.languages:
        for pointer, name in _untranslated(texts):
            yield "texts.toml", _fault(pointer, "texts_missing", name)


def unattached(pointer: str, entry: FieldEntry, form: FormSchema, rules: Sequence[AttachmentRule]) -> Iterator[Finding]:
    """What stands between a field that names attachments and what the service says of their kind.

    Args:
        pointer: where the fault is to be mended.
        entry: how the field is mapped; one that names no attachment has no faults.
        form: the form schema of the mapping.
        rules: the attachments of the service, with a municipality's overrides.
    """
    if not entry.attachment:
        return
    rule = next((rule for rule in rules if rule.kind == entry.attachment), None)
    if rule is None:
        yield _fault(pointer, "attachment_field_kind", ", ".join(rule.kind for rule in rules) or "-")
        return
    elements = dict(form.elements())
    steps = entry.target.split("/")
    branch = [elements["/".join(steps[: count + 1])] for count in range(len(steps))]
    chosen = any(isinstance(element, Group) and element.choice for element in branch)
    if entry.when is None and not chosen and all(element.minimum for element in branch) and not rule.required:
        yield _fault(pointer, "attachment_field_required", entry.target)
    if branch[-1].maximum is not None and rule.max_count > branch[-1].maximum:
        yield _fault(pointer, "attachment_field_count", entry.target, str(branch[-1].maximum))
    if rule.max_count < branch[-1].minimum:
        yield _fault(pointer, "attachment_field_few", entry.target, str(branch[-1].minimum))


def unlisted(plan: FillingPlan, rules: Sequence[AttachmentRule]) -> Iterator[Finding]:
    """A warning for each field whose form schema does not name a format that the service takes for its attachment.

    Args:
        plan: form and mapping of the service.
        rules: the attachments of the service.
    """
    by_kind = {rule.kind: rule for rule in rules}
    for field in plan.walk():
        rule = by_kind.get(field.entry.attachment) if field.entry else None
        if rule is None or not isinstance(field.element, Field) or not field.element.media_types:
            continue
        listed = [name.strip().lower() for name in field.element.media_types]
        more = [name for name in rule.media_types if not {name, f"{name.partition('/')[0]}/*", "*/*"} & set(listed)]
        if more:
            words = (rule.kind, ", ".join(more), ", ".join(listed))
            de, en = (sentence.format(*words) for sentence in _FORMAT)
            yield Finding(f"form.xml#/{field.node.path}", "attachment_field_format", de, en, Severity.WARNING)


def _named(definition: Definition) -> Iterator[tuple[str, set[Tokens]]]:
    for number, rule in enumerate(definition.attachments):
        if rule.expected is not None:
            yield f"/attachments/{number}/expected/pointer", {rule.expected.source}
    if (calendar := definition.calendar) is not None:
        yield "/calendar/summary", {calendar.summary}
        yield "/calendar/times", {(*calendar.times, STAR, part) for part in ("date", "time")}
        yield "/calendar/minutes", {calendar.minutes}


def _foreign_codes(texts: Texts) -> Iterator[tuple[str, str]]:
    for field in _fields(texts.form):
        known = [code.code for code in field.codes]
        for code in texts.codes.get(field.id, {}):
            if code not in known:
                yield f"/codes/{field.id}/{code}", ", ".join(known) or "-"


def _untranslated(texts: Texts) -> Iterator[tuple[str, str]]:
    elements = (element for _, element in texts.form.elements())
    shown = (part.id for part in elements if isinstance(part, Group) or part.kind is not FieldKind.LABEL)
    for identifier in dict.fromkeys((texts.form.id, *shown)):
        if identifier not in texts.labels:
            yield f"/labels/{identifier}", identifier
    for field in _fields(texts.form):
        for code in field.codes:
            if code.name and code.code not in texts.codes.get(field.id, {}):
                yield f"/codes/{field.id}/{code.code}", f"{field.id} = {code.code}"


def _fields(form: FormSchema) -> Iterator[Field]:
    fields = {element.id: element for _, element in form.elements() if isinstance(element, Field)}
    yield from (field for field in fields.values() if field.kind is not FieldKind.LABEL)


_fault: Final = Sentences(SENTENCES).finding
