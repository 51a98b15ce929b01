"""Entries as objects and transfers of XZuFi.

Knows: element names, schemes and code lists (data beside the modules), order and types of the schema at hand.
Never does: I/O, decide what is published (`export` does). Standard: XZuFi 2.2.0 and 2.3.1; PVOG's rules for texts.
Start reading: `objects`, then `transfer`.
"""
