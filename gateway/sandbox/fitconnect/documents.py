"""Whether a document is well-formed and keeps its schema, where the schema is known here.

Knows: XML by an XSD of one file, JSON by a JSON Schema; each is compiled at its first document. Never does: load a
second file or repeat what a document says; a schema that cannot be compiled alone counts as unknown, and says so once.
Standard: XML 1.0, XML Schema 1.0, RFC 8259, JSON Schema. Start reading: `Documents.fault`.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from gateway.fitconnect import names
from gateway.sandbox.fitconnect import absence

if TYPE_CHECKING:
    from lxml import etree

log = logging.getLogger(__name__)

SIZE_MAX: Final = 64 << 20
"""Bytes of the largest document that is judged; FIT-Connect lets larger ones travel as attachments."""
_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_SECOND_MAX: Final = 20_000  # elements that the second, slow judge looks at
_FOREIGN: Final = frozenset({"import", "include", "redefine"})

Judge = Callable[[Any], bool]
Key = tuple[str, str]


class Documents:
    """The schemas that are known, by address and media type. Safe from several threads."""

    def __init__(self, sources: Mapping[Key, bytes]) -> None:
        self._sources = sources
        self._judges: dict[Key, Judge | None] = {}
        self._lock = threading.Lock()

    def fault(self, raw: bytes, schema_uri: str, media_type: str) -> str | None:
        """`syntax-violation` or `schema-violation`, None for a document in which nothing wrong was found."""
        read = _json if media_type == names.JSON else _xml
        document = read(raw)
        if document is None:
            return names.SYNTAX_VIOLATION
        with self._lock:
            judge = self._judge((schema_uri, media_type))
            valid = judge is None or judge(document[0])
        return None if valid else names.SCHEMA_VIOLATION

    def _judge(self, key: Key) -> Judge | None:
        source = self._sources.get(key)
        if source is None:
            return None
        if key not in self._judges:
            self._judges[key] = (_by_json_schema if key[1] == names.JSON else _by_xsd)(source)
            if self._judges[key] is None:
                log.warning("schema cannot be compiled alone, documents are not held to it: %s", key[0])
        return self._judges[key]


def _json(raw: bytes) -> tuple[Any] | None:
    try:
        return (absence.read(raw),)
    except ValueError:
        return None


def _xml(raw: bytes) -> tuple[etree._Element] | None:
    from gateway.xoev.xml import strict_xml  # noqa: PLC0415 - lxml is loaded for the first XML document only

    root = strict_xml.parse(raw, strict_xml.XmlLimits(size=SIZE_MAX)).root
    return None if root is None else (root,)


def _by_json_schema(source: bytes) -> Judge | None:
    try:
        validator = jsonschema_rs.validator_for(json.loads(source), validate_formats=True, offline=True)
    except ValueError:
        return None
    return validator.is_valid


def _by_xsd(source: bytes) -> Judge | None:
    from lxml import etree  # noqa: PLC0415 - as above

    from gateway.xoev.xml import strict_xml  # noqa: PLC0415 - as above

    root = strict_xml.parse(source).root
    if root is None or any(etree.QName(part).localname in _FOREIGN for part in root.iterchildren(f"{_XS}*")):
        return None
    try:
        compiled = etree.XMLSchema(root)
    except etree.XMLSchemaParseError:
        return None
    second = _Second(source)

    def valid(document: etree._Element) -> bool:
        try:
            return bool(compiled.validate(document)) or second.valid(document)
        except etree.XMLSchemaValidateError:  # libxml2 gave up, for instance on a pattern with too many ways
            return False

    return valid


class _Second:
    """Another implementation, asked where libxml2 refuses: it is known to refuse dates with white space around them."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._schema: Any = None

    def valid(self, document: etree._Element) -> bool:
        """Whether it finds the document valid."""
        if sum(1 for _ in document.iter()) > _SECOND_MAX:
            return False
        try:
            if self._schema is None:
                from xmlschema import XMLSchema10  # noqa: PLC0415 - 0.2 s, for refused documents only

                self._schema = XMLSchema10(self._source.decode("utf-8-sig"), allow="none", use_fallback=False)
            return bool(self._schema.is_valid(document))
        except Exception:  # noqa: BLE001 - whatever the library raises, it has no opinion and the first judge's stands
            return False
