"""Reading a field: kind, type, codes.

Knows: values in the schema (`werte`) and code lists beside it (`codelisteReferenz`). Never does: invent a code.
Standard: `datenfeld` of XDatenfelder 2.0 and 3.0.0. Start reading: `FieldReader.read`; limits are in `limits.py`.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Final, TypeVar

from lxml import etree

from gateway.xoev.fim import limits, nodes
from gateway.xoev.fim.faults import Faults
from gateway.xoev.fim.genericode import Lists
from gateway.xoev.fim.model import Code, Field, FieldKind, FieldType, ListReference

_E = TypeVar("_E", bound=StrEnum)
_NO_NOTES: Final = frozenset(
    {"identifikation", "regel", "feldart", "datentyp", "werte", "codelisteReferenz", "mediaType", "maxSize"}
)


class FieldReader:
    """Reads fields, with the code lists at hand."""

    def __init__(self, faults: Faults, lists: Lists) -> None:
        self.faults = faults
        self.lists = lists

    def read(self, element: etree._Element, identifier: str, version: str, label: str) -> Field:
        """The field as defined; the caller adds how often it occurs."""
        kind = self._code(element, identifier, "feldart", FieldKind) or FieldKind.INPUT
        field = Field(
            id=identifier,
            version=version,
            label=label,
            hint=nodes.text(element, "hilfetextEingabe"),
            kind=kind,
            type=self._type(element, identifier, kind),
            media_types=tuple(filter(None, map(nodes.content, nodes.below(element, "mediaType")))),
            code_list=_reference(element),
            notes=nodes.notes(element, _NO_NOTES),
        )
        field = replace(field, codes=self._codes(element, field))
        return limits.limited(field, element, self.faults)

    def _type(self, element: etree._Element, identifier: str, kind: FieldKind) -> FieldType:
        if kind is FieldKind.LABEL and not nodes.text(element, "datentyp", "code"):
            return FieldType.TEXT
        return self._code(element, identifier, "datentyp", FieldType) or FieldType.TEXT

    def _code(self, element: etree._Element, identifier: str, name: str, of: type[_E]) -> _E | None:
        value = nodes.text(element, name, "code")
        if value in {member.value for member in of}:
            return of(value)
        child = nodes.child(element, name)
        self.faults.fault(element if child is None else child, identifier, f"fim_{name}")
        return None

    def _codes(self, element: etree._Element, field: Field) -> tuple[Code, ...]:
        if field.kind is FieldKind.LABEL:
            return ()
        values = nodes.child(element, "werte")
        if field.type is FieldType.FILE:
            if values is not None or field.code_list is not None:
                self.faults.notice(element, field.id, "fim_file_codes")
            return ()
        if values is not None and nodes.child(values, "wert") is not None:
            codes = [
                Code(code, nodes.text(value, "name") or code, nodes.text(value, "hilfe"))
                for value in nodes.below(values, "wert")
                for code in [nodes.text(value, "code")]
            ]
            return self._distinct(values, field.id, codes)
        if field.code_list is not None:
            return self._listed(element, field.id, field.code_list)
        if field.kind is FieldKind.SELECT:
            self.faults.notice(element, field.id, "fim_no_codes")
        return ()

    def _listed(self, element: etree._Element, identifier: str, reference: ListReference) -> tuple[Code, ...]:
        referring = nodes.child(element, "codelisteReferenz")
        assert referring is not None
        table = self.lists.find(reference)
        if table is None:
            self.faults.absent(referring, identifier, reference)
            return ()
        columns = [nodes.text(element, key) or nodes.text(referring, key) for key in ("codeKey", "nameKey", "helpKey")]
        if any(column and column not in table.columns for column in columns):
            self.faults.notice(referring, identifier, "fim_list_column")
        return self._distinct(referring, identifier, table.codes(*columns))

    def _distinct(
        self, element: etree._Element, identifier: str, codes: tuple[Code, ...] | list[Code]
    ) -> tuple[Code, ...]:
        distinct: dict[str, Code] = {}
        for code in codes:
            if code.code:
                distinct.setdefault(code.code, code)
        if not distinct:
            self.faults.fault(element, identifier, "fim_codes")
        elif len(distinct) < len(codes):
            self.faults.notice(element, identifier, "fim_codes_twice")
        return tuple(distinct.values())


def _reference(element: etree._Element) -> ListReference | None:
    referring = nodes.child(element, "codelisteReferenz")
    if referring is None:
        return None
    genericode = nodes.child(referring, "genericodeIdentification")
    genericode = referring if genericode is None else genericode
    reference = ListReference(
        id=nodes.text(referring, "identifikation", "id") or nodes.text(referring, "id"),
        uri=nodes.text(genericode, "canonicalIdentification"),
        version=nodes.text(genericode, "version"),
        version_uri=nodes.text(genericode, "canonicalVersionUri"),
    )
    return reference if reference.uri or reference.version_uri or reference.id else None
