"""Atomic values as XPath 2.0 compares and writes them, where the XPath library does otherwise.

Knows: which type untyped values take in a comparison, the canonical text of doubles and floats. Never does: evaluate.
Standard: XPath 2.0 §3.5.2 (general comparisons), XQuery and XPath Functions §17.1.2 (casting to string).
Start reading: `comparable`, `text_of_double`.
"""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from typing import Any

from elementpath.datatypes import AbstractDateTime, Duration, Float, UntypedAtomic


def comparable(left: Any, right: Any) -> tuple[Any, Any]:  # noqa: ANN401 - any atomic values
    """Two atomic values as a general comparison has to see them (XPath 2.0 §3.5.2).

    Two untyped values are compared as texts, also by `<`; an untyped value beside a date, time or duration takes that
    type. The library does the rest.

    Raises:
        ValueError: the text of an untyped value is none of the other value's type (err:FORG0001).
    """
    untyped = isinstance(left, UntypedAtomic), isinstance(right, UntypedAtomic)
    if all(untyped):
        return left.value, right.value
    if untyped[1] and isinstance(left, AbstractDateTime | Duration):
        return left, type(left).make(right.value, parser=right.parser)
    if untyped[0] and isinstance(right, AbstractDateTime | Duration):
        return type(right).make(left.value, parser=left.parser), right
    return left, right


def text_of_double(value: float) -> str:
    """The canonical text of an `xs:double` or `xs:float`: `1000000` is `1.0E6`, `0.5` is `0.5` (F&O §17.1.2)."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    shortest = Decimal(_shortest(value)).normalize()
    if 1e-6 <= abs(value) < 1e6:
        return format(shortest, "f")
    sign, digits, exponent = shortest.as_tuple()
    assert isinstance(exponent, int)  # a finite number
    first, fraction = digits[0], "".join(map(str, digits[1:])) or "0"
    return f"{'-' if sign else ''}{first}.{fraction}E{exponent + len(digits) - 1}"


def _shortest(value: float) -> str:
    """The fewest digits that lead back to the value, in 64 or (`xs:float`) 32 bits."""
    if not isinstance(value, Float):
        return repr(float(value))
    single = struct.pack("f", value)
    texts = (f"{float(value):.{digits}g}" for digits in range(1, 10))
    return next((text for text in texts if struct.pack("f", float(text)) == single), repr(float(value)))
