"""Attachments in a form: a field of type `file` holds the id or the name of a file of the application.

Knows: a field names a file by its id in the envelope (the same in messages and FIT-Connect metadata) or by its name.
Never does: hold content of a file, name one that is not there. Standard: XDatenfelder `datentyp` file.
Start reading: `read_entry`; `Around.attached` has the files of an application.
"""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.model import Attachment, Finding, Purpose
from gateway.xoev.fim import FieldType
from gateway.xoev.fim.model import Field
from gateway.xoev.latin.datatypes import Datatype
from gateway.xoev.mapping.model import Condition, FieldEntry
from gateway.xoev.mapping.sentences import NO_ITEM, TEXT, mapping_fault, one_of

NAMES: Final = ("id", "filename")
"""What of an attachment a field may hold (`as`); the first one where the mapping names none."""
_KEYS: Final = frozenset({"attachment", "to", "as", "when"})


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of the application: its kind, where it stands in the create body, and its names by `NAMES`."""

    kind: str
    pointer: str
    names: ReadOnly[str, str] = field(repr=False)


def shown(attachments: Sequence[Attachment]) -> tuple[Attached, ...]:
    """The files that portals sent; people know them by name, so their file name stands for the id too."""
    names = [
        (attachment.kind, attachment.filename) for attachment in attachments if attachment.purpose is Purpose.ATTACHMENT
    ]
    return tuple(Attached(kind, "/attachments", dict.fromkeys(NAMES, filename)) for kind, filename in names)


def read_entry(
    pointer: str, entry: ReadOnly[str, object], element: Field | None, when: Condition | None, *, listed: bool
) -> tuple[FieldEntry | None, tuple[Finding, ...]]:
    """An entry of a mapping for a field of type `file`, or one with `attachment` for another field.

    Args:
        pointer: key path of the entry.
        entry: the table.
        element: the field, where the form has it.
        when: the condition of the entry.
        listed: whether a list of the record stands around the field.

    Returns:
        the entry and no faults, or what could be read of it and every fault.
    """
    faults = [
        mapping_fault(f"{pointer}/{key}", "mapping_key", ", ".join(sorted(_KEYS)))
        for key in sorted(set(entry) - _KEYS - {"from", "constant"})
    ]
    kind, name = entry.get("attachment"), entry.get("as", NAMES[0])
    if (
        "attachment" not in entry
        or {"from", "constant"} & set(entry)
        or (element and element.type is not FieldType.FILE)
    ):
        return None, (mapping_fault(pointer, "mapping_attachment"),)
    if not isinstance(kind, str) or not kind:
        faults.append(mapping_fault(f"{pointer}/attachment", "mapping_value", TEXT))
    if name not in NAMES:
        faults.append(mapping_fault(f"{pointer}/as", "mapping_value", one_of(", ".join(NAMES))))
    if listed:
        faults.append(mapping_fault(f"{pointer}/to", "mapping_repeat", NO_ITEM))
    target = str(entry.get("to", ""))
    return FieldEntry((), target, str(name), {}, Datatype.EVERYTHING, None, when, attachment=str(kind)), tuple(faults)
