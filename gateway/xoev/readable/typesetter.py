"""Typst, which sets the readable application: the template with its data becomes a PDF.

Knows: how data reach a template, when the compiler is loaded. Never does: paste a value into a template's source; say
what stands in a document. Standard: PDF/UA-1 (ISO 14289-1). Start reading: `source`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from gateway.errors import InternalError
from gateway.xoev.readable.template import TEMPLATE

if TYPE_CHECKING:
    import typst

STANDARD: Final = "ua-1"


def source(data: Mapping[str, Any]) -> bytes:
    """The template with its data bound as one JSON text.

    The JSON is ASCII and stands in a Typst string literal, in which only backslash and quote mean anything; both are
    escaped, so no value can become markup. Typst's `sys.inputs` would do the same and forget its caches with every
    document, for twice the time.
    """
    literal = json.dumps(data, ensure_ascii=True).replace("\\", "\\\\").replace('"', '\\"')
    return f'#let data = json(bytes("{literal}"))\n{TEMPLATE}'.encode()


class _Typesetter:
    """The Typst compiler, imported and created lazily (at the first document) and kept. One document at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._compiler: typst.Compiler | None = None

    def pdf(self, data: Mapping[str, Any], at: datetime) -> bytes:
        """The document. Raises `InternalError` where Typst refuses it."""
        import typst  # noqa: PLC0415 - as in `_ready`

        try:
            with self._lock:
                pdf = self._ready().compile(
                    input=source(data), format="pdf", pdf_standards=[STANDARD], timestamp=int(at.timestamp())
                )
        except typst.TypstError:
            raise InternalError(rule="readable") from None  # its message may quote a value
        assert isinstance(pdf, bytes)
        return pdf

    def _ready(self) -> typst.Compiler:
        if self._compiler is None:
            import typst  # noqa: PLC0415 - 80 MB that only those who print documents load

            fonts = typst.Fonts(include_system_fonts=False)
            self._compiler = typst.Compiler(font_paths=fonts, ignore_system_fonts=True)
        return self._compiler


TYPESETTER: Final = _Typesetter()
"""The one of this process."""
