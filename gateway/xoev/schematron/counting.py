"""Every step of an XPath expression is counted before or as it is taken.

Knows: where the XPath library does work that its own sequences do not show (products of comparisons, siblings passed
over, texts put together, ranges, patterns), and charges for it. Never does: change what an expression means.
Standard: XPath 2.0 (W3C), as elementpath reads it. Start reading: `counted`; `xpath.py` uses it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar, Final

from elementpath import XPathToken
from elementpath.compare import deep_equal
from elementpath.datatypes import UntypedAtomic
from elementpath.xpath_nodes import DocumentNode, ElementNode, XPathNode

from gateway.xoev.schematron.atomic import comparable, text_of_double
from gateway.xoev.schematron.linear import Pattern, Unsuitable, compiled

REFUSED: Final = frozenset(
    {
        "base-uri",
        "collection",
        "doc",
        "doc-available",
        "document-uri",
        "element-with-id",
        "id",
        "idref",
        "resolve-uri",
        "schema-attribute",
        "schema-element",
        "static-base-uri",
        "trace",
    }
)
"""Functions that reach outside the document, or need a document type or schema that is never there."""

COLLATED: Final[Mapping[str, int]] = {
    "compare": 3,
    "contains": 3,
    "deep-equal": 3,
    "distinct-values": 2,
    "ends-with": 3,
    "index-of": 3,
    "max": 2,
    "min": 2,
    "starts-with": 3,
    "substring-after": 3,
    "substring-before": 3,
}
"""Functions whose last argument names a collation; another than by code point would switch the process's locale."""

_REFERENCE: Final = re.compile(r"\\[\\$]|\$([0-9])")

Context = Any
"""elementpath's dynamic context with our `budget` (`xpath.Counted`); its own types name neither."""


def counted(symbols: Mapping[str, type[XPathToken]]) -> dict[str, type[XPathToken]]:
    """The symbol table of a parser whose tokens count what they do."""
    return {
        name: type(token.__name__, (_OWN.get(name, _Counting), token), {"hidden": _HIDDEN.get(name, _Hidden.NOTHING)})
        for name, token in symbols.items()
        if name not in REFUSED
    }


class _Hidden(Enum):
    """What the library passes over without showing it."""

    NOTHING = 0
    CHILDREN = 1
    SIBLINGS = 2
    DOCUMENT = 3


_HIDDEN: Final = {
    **dict.fromkeys(("(name)", ":", "*", "node", "text", "element", "comment"), _Hidden.CHILDREN),
    "processing-instruction": _Hidden.CHILDREN,
    **dict.fromkeys(("following-sibling", "preceding-sibling"), _Hidden.SIBLINGS),
    **dict.fromkeys(("following", "preceding", "root", "<<", ">>", "is"), _Hidden.DOCUMENT),
}


def _light(_item: Any) -> int:  # noqa: ANN401 - any item
    return 0


def _heavy(item: Any) -> int:  # noqa: ANN401 - a text, or an untyped value around one
    return len(str(item)) >> 6


def _large(item: Any) -> int:  # noqa: ANN401 - a whole number
    return int(item).bit_length() >> 6


_WEIGHERS: Final[dict[type, Callable[[Any], int]]] = {}
"""How items of a type are weighed, memoised by type, since the library's types are slow to test."""


def _weight(item: object) -> int:
    kind = type(item)
    weigh = _WEIGHERS.get(kind)
    if weigh is None:
        text, number = issubclass(kind, str | UntypedAtomic), issubclass(kind, int)
        weigh = _WEIGHERS[kind] = _heavy if text else _large if number else _light
    return weigh(item)


class _Counting(XPathToken):
    """Charges for a call, for each item and for the length of texts."""

    hidden: ClassVar[_Hidden]

    def evaluate(self, context: Context = None) -> Any:  # noqa: ANN401 - as the library's method
        spend = context.budget.spend
        spend(1 if self.hidden is _Hidden.NOTHING else 1 + self._passed_over(context))
        value = super().evaluate(context)
        spend(_weight(value))
        return value

    def select(self, context: Context = None) -> Iterator[Any]:
        spend = context.budget.spend
        spend(1 if self.hidden is _Hidden.NOTHING else 1 + self._passed_over(context))
        for item in super().select(context):
            spend(1 + _weight(item))
            yield item

    def atomization(self, context: Context = None) -> Iterator[Any]:
        spend = context.budget.spend
        for value in super().atomization(context):
            spend(1 + _weight(value))
            yield value

    def get_argument(self, context: Context, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the library's
        value = super().get_argument(context, *args, **kwargs)
        context.budget.spend(_weight(value))
        return value

    def iter_comparison_data(self, context: Context) -> Iterator[Any]:
        spend = context.budget.spend
        for left, right in super().iter_comparison_data(context):
            spend(1)
            yield comparable(left, right)

    def string_value(self, obj: Any) -> str:  # noqa: ANN401 - as the library's method
        if isinstance(obj, float):
            return text_of_double(obj)
        return super().string_value(obj)

    def _passed_over(self, context: Context) -> int:
        """What the library will pass over without showing it: children, siblings, the whole document."""
        item = context.item
        if self.hidden is _Hidden.CHILDREN:
            return len(item) >> 3 if context.axis is None and isinstance(item, ElementNode) else 0
        if self.hidden is _Hidden.SIBLINGS:
            return len(item.parent) >> 3 if isinstance(item, XPathNode) and item.parent is not None else 0
        return int(context.size_of_document) >> 3


class _Range(_Counting):
    """`1 to 1000000000`: paid for before it is made."""

    def evaluate(self, context: Context = None) -> Any:  # noqa: ANN401 - as the library's method
        start, stop = self.get_operands(context, cls=int)
        if start is None or stop is None or stop < start:
            return []
        context.budget.spend(stop - start + 1)
        return list(range(start, stop + 1))

    def select(self, context: Context = None) -> Iterator[Any]:
        yield from self.evaluate(context)


class _Distinct(_Counting):
    """`distinct-values` by a table instead of comparing each with each."""

    def select(self, context: Context = None) -> Iterator[Any]:
        texts: set[str] = set()
        others: list[Any] = []
        for value in self[0].atomization(context):
            if isinstance(value, (str, UntypedAtomic)):
                if str(value) not in texts:
                    texts.add(str(value))
                    yield value
                continue
            context.budget.spend(1 + len(others))
            if not any(type(value) is type(known) and _same(value, known) for known in others) and not any(
                _numbers(value, known) and _same(value, known) for known in others
            ):
                others.append(value)
                yield value

    def evaluate(self, context: Context = None) -> Any:  # noqa: ANN401 - as the library's method
        return list(self.select(context))


def _numbers(left: object, right: object) -> bool:
    kinds = (int, float, Decimal)
    return all(isinstance(value, kinds) and not isinstance(value, bool) for value in (left, right))


def _same(left: Any, right: Any) -> bool:  # noqa: ANN401 - atomic values of one kind
    return bool(left == right or (left != left and right != right))  # noqa: PLR0124 - NaN is one value here (F&O §15.1.6)


class _DeepEqual(_Counting):
    """`deep-equal`: the elements below each node are paid for."""

    def evaluate(self, context: Context = None) -> Any:  # noqa: ANN401 - as the library's method
        sides: list[list[Any]] = []
        for number in (0, 1):
            items = list(self[number].select(copy(context)))
            for item in items:
                if isinstance(item, (DocumentNode, ElementNode)):
                    context.budget.spend(16 * sum(1 for _ in item.iter_descendants()))
            sides.append(items)
        return deep_equal(sides[0], sides[1])

    def select(self, context: Context = None) -> Iterator[Any]:
        yield self.evaluate(context)


class _Pattern(_Counting):
    """What `matches`, `replace` and `tokenize` share: a pattern that is matched in linear time."""

    def _read(self, context: Context, flags_at: int) -> tuple[str | None, Pattern]:
        text = self.get_argument(context, cls=str)
        pattern = self.get_argument(context, 1, required=True, cls=str)
        flags = self.get_argument(context, flags_at, required=True, cls=str) if len(self) > flags_at else ""
        context.budget.spend(1 + (len(text or "") >> 4))
        try:
            return text, compiled(pattern, flags)
        except Unsuitable:
            raise self.error("FORX0002", "no pattern that can be matched in linear time") from None

    def _advancing(self, pattern: Pattern) -> None:
        if pattern.search(""):
            raise self.error("FORX0003", "the pattern fits the empty text")

    def select(self, context: Context = None) -> Iterator[Any]:
        yield self.evaluate(context)


class _Matches(_Pattern):
    """`matches`."""

    def evaluate(self, context: Context = None) -> Any:  # noqa: ANN401 - as the library's method
        text, pattern = self._read(context, 2)
        return pattern.search(text or "") is not None


class _Tokenize(_Pattern):
    """`tokenize`."""

    def evaluate(self, context: Context = None) -> Any:  # noqa: ANN401 - as the library's method
        text, pattern = self._read(context, 2)
        self._advancing(pattern)
        if not text:
            return []
        if pattern.groups:
            raise self.error("FORX0002", "groups have no place in a pattern that cuts")
        pieces = pattern.split(text)
        context.budget.spend(len(pieces))
        return pieces

    def select(self, context: Context = None) -> Iterator[Any]:
        yield from self.evaluate(context)


class _Replace(_Pattern):
    """`replace`."""

    def evaluate(self, context: Context = None) -> Any:  # noqa: ANN401 - as the library's method
        text, pattern = self._read(context, 3)
        self._advancing(pattern)
        replacement = self.get_argument(context, 2, required=True, cls=str)
        if re.search(r"(?<!\\)(?:\\\\)*\\(?![\\$])|(?<!\\)(?:\\\\)*\$(?![0-9])", replacement):
            raise self.error("FORX0004", "the replacement has a stray backslash or dollar")
        context.budget.spend((len(text or "") * max(len(replacement), 1)) >> 6)
        spelled = _REFERENCE.sub(lambda match: _referred(match, pattern.groups), replacement)
        return pattern.sub(spelled, text or "")


def _referred(match: re.Match[str], groups: int) -> str:
    if match[1] is None:
        return r"\\" if match[0] == "\\\\" else "$"
    return rf"\g<{match[1]}>" if int(match[1]) <= groups else ""


_OWN: Final[Mapping[str, type[XPathToken]]] = {
    "to": _Range,
    "distinct-values": _Distinct,
    "deep-equal": _DeepEqual,
    "matches": _Matches,
    "tokenize": _Tokenize,
    "replace": _Replace,
}
