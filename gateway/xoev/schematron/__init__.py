"""Schematron: rules that a schema cannot say, read once and asked of many documents within a budget.

Knows: ISO Schematron with XPath 2.0 (`queryBinding="xslt2"`): lets, abstract rules and patterns, phases, inclusion,
diagnostics, values in messages, roles. Never does: open a file, read a clock, run longer than its budget; XSLT
functions and keys are refused at load, since a rule that cannot be asked must not look as if it had been kept.
Standard: ISO/IEC 19757-3:2016 and 2020, XPath 2.0 (W3C), SVRL. Start reading: `reading.read`, then `running.run`.
"""

from gateway.xoev.schematron.budget import Budget
from gateway.xoev.schematron.model import RuleBroken, RuleOutcome, RuleSet
from gateway.xoev.schematron.reading import read
from gateway.xoev.schematron.running import run

__all__ = ["Budget", "RuleBroken", "RuleOutcome", "RuleSet", "read", "run"]
