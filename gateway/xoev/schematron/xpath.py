"""XPath 2.0 for rules: read once, evaluated within a budget.

Knows: elementpath as reader and evaluator, with every token counting (`counting.py`). Never does: reach outside the
document, read a clock: the moment of the check is given. Standard: XPath 2.0 (W3C). Start reading: `expression`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from elementpath import ElementPathError, XPath2Parser, XPathContext, XPathFunction, XPathToken
from elementpath.collations import UNICODE_CODEPOINT_COLLATION
from elementpath.tdop import Parser
from lxml import etree

from gateway.xoev.schematron.budget import Budget
from gateway.xoev.schematron.counting import COLLATED, counted

MAX_LENGTH: Final = 10_000
"""Characters of one expression."""

TROUBLE: Final = (ElementPathError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError)
"""What the library raises where an expression cannot be read or evaluated."""

_COPYING: Final = 8
"""Steps for an element of the document: the library keeps a node of its own for each, some 500 bytes."""

_CLOCKS: Final = frozenset({"current-date", "current-dateTime", "current-time", "implicit-timezone"})

Variables = Mapping[str, Any]
Node = Any
"""A node of elementpath's tree, or an atomic value."""


class Unreadable(ValueError):
    """The text is no XPath 2.0, or uses what rules may not use."""


class _Parser(XPath2Parser):
    """elementpath's parser, with tokens that count."""

    symbol_table: ClassVar[Any] = counted(XPath2Parser.symbol_table)  # type: ignore[misc] # narrowed to a class variable
    tokenizer = None

    def parse(self, source: str) -> XPathToken:
        """The expression as a tree; nothing is evaluated on the way, as the library's own method would."""
        if self.tokenizer is None:
            type(self).tokenizer = self.create_tokenizer(self.symbol_table)
        root: XPathToken = Parser.parse(self, source)
        if root.label in {"sequence type", "function test"}:
            raise Unreadable
        return root


class Counted(XPathContext):
    """The library's dynamic context with a budget and the number of nodes."""

    budget: Budget
    size_of_document: int


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression with its text.

    `timed`: it asks for the present moment. `fixed`: it says the same wherever in a document it is asked.
    """

    text: str
    token: XPathToken = field(repr=False, compare=False)
    timed: bool = False
    fixed: bool = False

    def holds(self, context: Counted, item: Node, variables: Variables) -> bool:
        """Its effective boolean value at a node; raises `budget.Exhausted` or what is in `TROUBLE`."""
        return bool(self.token.boolean_value(self.value(context, item, variables)))

    def value(self, context: Counted, item: Node, variables: Variables) -> Any:  # noqa: ANN401 - any XPath value
        """Its value at a node, an item or a list; raises as `holds`."""
        _place(context, item, variables)
        return self.token.evaluate(context)

    def text_at(self, context: Counted, item: Node, variables: Variables) -> str:
        """Its items as text with blanks between; raises as `holds`."""
        _place(context, item, variables)
        return " ".join(self.token.string_value(value) for value in self.token.atomization(context))

    def nodes(self, context: Counted, variables: Variables) -> list[Node]:
        """The items it selects from the document's root; raises as `holds`."""
        _place(context, context.root, variables)
        return list(self.token.select(context))


def expression(text: str, namespaces: Mapping[str, str]) -> Expression:
    """Read an expression.

    Args:
        text: XPath 2.0, at most 10,000 characters.
        namespaces: prefix -> URI; names without prefix have no namespace.

    Raises:
        Unreadable: with nothing of the text in it.
    """
    if len(text) > MAX_LENGTH:
        raise Unreadable
    parser = _Parser(dict(namespaces), default_collation=UNICODE_CODEPOINT_COLLATION)
    try:
        token = parser.parse(text)
    except (*TROUBLE, SyntaxError, NameError):
        raise Unreadable from None
    tokens = list(_all(token))
    if any(COLLATED.get(str(part.symbol)) == len(part) for part in tokens):
        raise Unreadable
    symbols = {str(part.symbol) for part in tokens}
    return Expression(text, token, bool(symbols & _CLOCKS), "$" not in symbols and _fixed(token))


def context_of(root: etree._Element, budget: Budget, at: datetime) -> Counted:
    """The document of an element as the library sees it; pays for each element.

    Args:
        root: the root element of a parsed document.
        budget: what all evaluations together may use.
        at: the moment of the check with time zone, for `current-date()` and the like.
    """
    count = int(root.xpath("count(//*)"))
    budget.spend(count * _COPYING)
    tree: Any = root.getroottree()  # lxml's tree is one that the library knows by its methods
    context = Counted(tree, current_dt=at)
    context.budget = budget
    context.size_of_document = count
    return context


def _place(context: Counted, item: Node, variables: Variables) -> None:
    context.item, context.position, context.size, context.axis = item, 1, 1, None
    context.variables = dict(variables)


def _fixed(token: XPathToken) -> bool:
    """Whether the node has no say, for every path begins at the root; in doubt it has. Variables are not looked at."""
    symbol = str(token.symbol)
    if symbol in {"/", "//"} and len(token) == 1:
        return True
    if symbol in {"/", "//", "["}:
        return len(token) > 0 and _fixed(token[0])
    if len(token) == 0:
        return token.label == "literal" or symbol in {"true", "false"}
    plain = token.label in {"operator", "expression"} or isinstance(token, XPathFunction)
    return plain and all(_fixed(child) for child in token)


def _all(token: XPathToken) -> Iterator[XPathToken]:
    waiting = [token]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += [child for child in current if isinstance(child, XPathToken)]
