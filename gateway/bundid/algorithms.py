"""Which algorithms an answer may use: lists that a profile brings as data.

Knows: the shape of the lists. Never does: compute anything. Standards: XML Signature 1.1 §6, XML Encryption 1.1 §5.
Start reading: `Algorithms`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Algorithms:
    """Algorithm URIs that are taken: content encryption, key transport, signature, digest; any other is refused."""

    content: frozenset[str]
    transport: frozenset[str]
    signature: frozenset[str]
    digest: frozenset[str]
