"""Names of XML Schema that every reader of schemas needs.

Knows: the namespace, facets that count. Never does: read a schema. Standard: XML Schema 1.0.
Start reading: `XS`.
"""

from __future__ import annotations

from typing import Final

XS_NAMESPACE: Final = "http://www.w3.org/2001/XMLSchema"
XS: Final = f"{{{XS_NAMESPACE}}}"
"""The namespace as lxml writes it before a name."""
COUNTING: Final = {"minLength": "min_length", "maxLength": "max_length", "fractionDigits": "fraction_digits"}
"""Facets whose value is a number, and the limits of ours that they become."""
