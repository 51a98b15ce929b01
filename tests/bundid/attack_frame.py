"""The frame of the attacks: a name, the bytes, the rules and the reason that they are refused for.

Each attack is built by splicing bytes. The number in its name is that of its class, a letter tells variants apart.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from . import responses as made
from .responses import answer, signed

SIGNATURE_END = b"</ds:Signature>"
EITHER = {"signature": "assertion_or_response"}


@dataclass(frozen=True)
class Attack:
    """An answer that signs nobody in: its bytes as they come, what differs in the rules, and the reason."""

    reason: str
    build: Callable[[], bytes]
    rules: dict[str, object] = field(default_factory=dict)


ATTACKS: dict[str, Attack] = {}


def attack(name: str, reason: str, **rules: object):
    """Enter the function that builds the document of an attack."""

    def enter(build: Callable[[], bytes]) -> Callable[[], bytes]:
        assert name not in ATTACKS
        ATTACKS[name] = Attack(reason, lambda: answer(build()), rules)
        return build

    return enter


def case(name: str, reason: str, build: Callable[[], bytes], **rules: object) -> None:
    attack(name, reason, **rules)(build)


def evil(id_: str = "_evil", **changes: object) -> bytes:
    """An unsigned assertion for somebody else."""
    return made.assertion(id_=id_, attributes=made.attribute(made.BPK2, "evil-person"), **changes)


def good() -> bytes:
    return signed(made.assertion())


def the_signature(document: bytes) -> bytes:
    return document[document.index(b"<ds:Signature ") : document.index(SIGNATURE_END) + len(SIGNATURE_END)]


def put(document: bytes, before: bytes, inserted: bytes) -> bytes:
    """The document with something inserted before the first place of these bytes."""
    assert before in document
    return document.replace(before, inserted + before, 1)


def swap(document: bytes, old: str | bytes, new: str | bytes) -> bytes:
    old, new = (part.encode() if isinstance(part, str) else part for part in (old, new))
    assert old in document
    return document.replace(old, new, 1)


def bare(document: bytes) -> bytes:
    """Without its XML declaration, to stand inside another document."""
    return document.partition(b"?>\n")[2]
