"""Which nodes a rule is about: contexts matched from the node upwards, or by evaluating them.

Knows: that a context of names, `/`, `//` and `*` can be matched against an element and its ancestors; that a rule whose
names a document does not hold cannot match. Never does: match any other context so; it is evaluated from the root.
Standard: XSLT 2.0 §5.5 (patterns), as ISO/IEC 19757-3 annex H asks. Start reading: `context`, `Elements`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from elementpath import XPathToken
from lxml import etree

from gateway.xoev.schematron.budget import Budget
from gateway.xoev.schematron.xpath import Counted, Expression, Variables, expression

ANY: Final = "*"


@dataclass(frozen=True, slots=True)
class Step:
    """A name test, `{uri}local` or `*`, and whether any number of elements may stand between it and the one before."""

    name: str
    deep: bool


@dataclass(frozen=True, slots=True)
class Path:
    """Steps from left to right; `rooted` where the first one is the root element (or, if `deep`, anything below)."""

    steps: tuple[Step, ...]
    rooted: bool

    def matches(self, element: etree._Element, budget: Budget) -> bool:
        """Whether the path selects the element from the root or from one of its ancestors."""
        last = len(self.steps) - 1
        return _fits(element, self.steps[last].name) and self._above(element, last, budget)

    def _above(self, element: etree._Element, number: int, budget: Budget) -> bool:
        """Whether the steps before `number` fit above an element that fits this one."""
        budget.spend(1)
        step, parent = self.steps[number], element.getparent()
        if number == 0:
            return step.deep or not self.rooted or parent is None
        name = self.steps[number - 1].name
        while parent is not None:
            if _fits(parent, name) and self._above(parent, number - 1, budget):
                return True
            if not step.deep:
                return False
            parent = parent.getparent()
        return False


@dataclass(frozen=True, slots=True)
class Context:
    """A rule's context. `paths` is None where it has to be evaluated; `needed` are names without which none matches."""

    text: str
    paths: tuple[Path, ...] | None
    evaluated: Expression = field(repr=False)
    needed: tuple[frozenset[str], ...]

    def nodes(self, there: Elements, counted: Counted, variables: Variables) -> Iterator[Any]:
        """The nodes it matches, in document order, as elementpath's nodes."""
        if not any(names <= there.names for names in self.needed):
            return
        if self.paths is None:
            yield from self.evaluated.nodes(counted, variables)
            return
        nodes = counted.root.elements  # type: ignore[union-attr] # a document always has them
        for element in there.candidates(self.paths, counted.budget):
            if any(path.matches(element, counted.budget) for path in self.paths):
                yield nodes[element]  # type: ignore[index] # as above


class Elements:
    """The elements of a document by name, in document order; made once for all rules."""

    def __init__(self, root: etree._Element) -> None:
        self._all = [element for element in root.iter() if isinstance(element.tag, str)]
        self._by_name: dict[str, list[etree._Element]] = {}
        for element in self._all:
            self._by_name.setdefault(str(element.tag), []).append(element)
        self.names = frozenset(self._by_name)

    def candidates(self, paths: tuple[Path, ...], budget: Budget) -> list[etree._Element]:
        """Every element whose name is the last of a path, in document order; pays for looking at them."""
        names = {path.steps[-1].name for path in paths}
        elements = self._by_name.get(next(iter(names)), []) if len(names) == 1 and ANY not in names else self._all
        budget.spend(1 + (len(elements) >> 4))
        return elements if ANY in names or len(names) == 1 else [node for node in elements if node.tag in names]


def context(text: str, namespaces: Mapping[str, str]) -> Context:
    """Read a context; raises `xpath.Unreadable`."""
    token = expression(text, namespaces).token
    alternatives = list(_alternatives(token))
    paths = [_path(alternative, namespaces) for alternative in alternatives]
    plain = [path for path in paths if path is not None]
    needed = tuple(frozenset(_names(alternative, namespaces)) for alternative in alternatives)
    # as in a pattern, a relative path may begin anywhere
    return Context(
        text, tuple(plain) if len(plain) == len(paths) else None, expression(f"//({text})", namespaces), needed
    )


def _alternatives(token: XPathToken) -> Iterator[XPathToken]:
    if token.symbol in {"|", "union"}:
        for child in token:
            yield from _alternatives(child)
    elif token.symbol == "(" and len(token) == 1:
        yield from _alternatives(token[0])
    else:
        yield token


def _path(token: XPathToken, namespaces: Mapping[str, str]) -> Path | None:
    """The steps of a path without predicates, functions and other axes; None for any other expression."""
    steps: list[Step] = []
    while token.symbol in {"/", "//"} and len(token) == 2:
        name = _name(token[1], namespaces)
        if name is None:
            return None
        steps.append(Step(name, token.symbol == "//"))
        token = token[0]
    rooted = token.symbol in {"/", "//"} and len(token) == 1
    deep = token.symbol == "//"
    name = _name(token[0] if rooted else token, namespaces)
    if name is None:
        return None
    return Path((Step(name, deep), *reversed(steps)), rooted)


def _name(token: XPathToken, namespaces: Mapping[str, str]) -> str | None:
    if token.symbol == "*" and not len(token):
        return ANY
    if token.symbol == "(name)":
        return str(token.value)
    if token.symbol == ":" and token[0].symbol == "(name)" and token[1].symbol == "(name)":
        return f"{{{namespaces.get(str(token[0].value), '')}}}{token[1].value}"
    return None


def _names(token: XPathToken, namespaces: Mapping[str, str]) -> Iterator[str]:
    """Names that have to occur in a document for the expression to select anything."""
    if token.symbol in {"/", "//"}:
        for child in token:
            yield from _names(child, namespaces)
    elif token.symbol == "[":
        yield from _names(token[0], namespaces)
    elif (name := _name(token, namespaces)) is not None and name != ANY:
        yield name


def _fits(element: etree._Element, name: str) -> bool:
    return name in {ANY, element.tag}
