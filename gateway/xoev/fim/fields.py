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
        """The field as defined; how often it stands is the business of the caller."""
        kind = self._code(element, identifier, "feldart", FieldKind) or FieldKind.INPUT
        field = Field(
            id=identifier,
            version=version,
            label=label,
            hint=nodes.text(element, "hilfetextEingabe"),
            kind=kind,
            type=self._type(element, identifier, kind),
            media_types=tuple(found for one in nodes.below(element, "mediaType") if (found := nodes.content(one))),
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
        place = nodes.child(element, name)
        self.faults.fault(element if place is None else place, identifier, f"fim_{name}")
        return None

    def _codes(self, element: etree._Element, field: Field) -> tuple[Code, ...]:
        if field.kind is FieldKind.LABEL:
            return ()
        own = nodes.child(element, "werte")
        if field.type is FieldType.FILE:
            if own is not None or field.code_list is not None:
                self.faults.notice(element, field.id, "fim_file_codes")
            return ()
        if own is not None and nodes.child(own, "wert") is not None:
            found = [
                Code(code, nodes.text(value, "name") or code, nodes.text(value, "hilfe"))
                for value in nodes.below(own, "wert")
                for code in [nodes.text(value, "code")]
            ]
            return self._distinct(own, field.id, found)
        if field.code_list is not None:
            return self._listed(element, field.id, field.code_list)
        if field.kind is FieldKind.SELECT:
            self.faults.notice(element, field.id, "fim_no_codes")
        return ()

    def _listed(self, element: etree._Element, identifier: str, reference: ListReference) -> tuple[Code, ...]:
        place = nodes.child(element, "codelisteReferenz")
        assert place is not None
        table = self.lists.find(reference)
        if table is None:
            self.faults.absent(place, identifier, reference)
            return ()
        columns = [nodes.text(element, key) or nodes.text(place, key) for key in ("codeKey", "nameKey", "helpKey")]
        if any(column and column not in table.columns for column in columns):
            self.faults.notice(place, identifier, "fim_list_column")
        return self._distinct(place, identifier, table.codes(*columns))

    def _distinct(
        self, place: etree._Element, identifier: str, codes: tuple[Code, ...] | list[Code]
    ) -> tuple[Code, ...]:
        found: dict[str, Code] = {}
        for code in codes:
            if code.code:
                found.setdefault(code.code, code)
        if not found:
            self.faults.fault(place, identifier, "fim_codes")
        elif len(found) < len(codes):
            self.faults.notice(place, identifier, "fim_codes_twice")
        return tuple(found.values())


def _reference(element: etree._Element) -> ListReference | None:
    place = nodes.child(element, "codelisteReferenz")
    if place is None:
        return None
    inner = nodes.child(place, "genericodeIdentification")
    inner = place if inner is None else inner
    found = ListReference(
        id=nodes.text(place, "identifikation", "id") or nodes.text(place, "id"),
        uri=nodes.text(inner, "canonicalIdentification"),
        version=nodes.text(inner, "version"),
        version_uri=nodes.text(inner, "canonicalVersionUri"),
    )
    return found if found.uri or found.version_uri or found.id else None
