"""The Merkle tree over many heads: one root stands for all, a short path proves one.

Knows: hashing of leaves and nodes, the shape of the tree. Never does: signatures, meaning of a leaf.
Standard: RFC 6962 §2.1 (tree and path; SHA-256), RFC 9162 §2.1.3.2 (checking a path). Start reading: `Tree`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

LONGEST_PATH: Final = 64


class Tree:
    """The tree over leaves in their order, at least one. A node without a sibling stands in the next row as it is."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        row = [_leaf(leaf) for leaf in leaves]
        self._rows = [row]
        while len(row) > 1:
            pairs = [_node(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
            row = pairs + row[len(pairs) * 2 :]
            self._rows.append(row)

    @property
    def root(self) -> bytes:
        """The hash that stands for all leaves, 32 bytes."""
        return self._rows[-1][0]

    def path(self, number: int) -> tuple[bytes, ...]:
        """What it takes to come from leaf `number` (from 0) to the root, lowest sibling first."""
        siblings = []
        for row in self._rows[:-1]:
            sibling = number ^ 1
            if sibling < len(row):
                siblings.append(row[sibling])
            number >>= 1
        return tuple(siblings)


def leads_to(root: bytes, leaf: bytes, number: int, size: int, path: Sequence[bytes]) -> bool:
    """Whether `path` proves that `leaf` is number `number` (from 0) of the `size` leaves under `root`."""
    if not 0 <= number < size or len(path) > LONGEST_PATH:
        return False
    index, last, value = number, size - 1, _leaf(leaf)
    for sibling in path:
        if last == 0:
            return False
        if index & 1 or index == last:
            value = _node(sibling, value)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            value = _node(value, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and value == root


def _leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
