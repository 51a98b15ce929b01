"""A public class name means one thing; where it stands twice, the reason stands here."""

from __future__ import annotations

import ast
from collections import defaultdict

from tests.source_trees import ROOT, trees

SANDBOX = "gateway.sandbox."
"""The other side of FIT-Connect: a system of its own, which has submissions, events and a clock as ours has."""
MAY_STAND_TWICE = {
    "Code": "of FIM's list with the name that people read; of a message with the list that it names",
    "Faults": "of a rule file by its included parts; of a form by the identifiers of its fields",
    "Route": "of a request to its handler; of a call outside through the proxy",
    "Step": "of a submission's way; of an XPath, whose own word it is",
}


def twice() -> dict[str, list[str]]:
    """Public class names and the modules that have them, for those of more than one module of ours."""
    found = defaultdict(list)
    for path, tree in trees().items():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(module)
    both = {name: modules for name, modules in found.items() if len(modules) > 1}
    sides = {name: [each for each in modules if not each.startswith(SANDBOX)] for name, modules in both.items()}
    return {name: both[name] for name, ours in sides.items() if len(ours) > 1 or len(both[name]) > len(ours) + 1}


def test_a_name_stands_twice_only_with_a_reason():
    without = {name: modules for name, modules in twice().items() if name not in MAY_STAND_TWICE}
    assert without == {}, "give one of them the name of its room, or say why not"


def test_no_reason_outlives_its_names():
    assert MAY_STAND_TWICE.keys() <= twice().keys()
