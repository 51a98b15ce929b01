"""The border of the room: whatever a primitive throws leaves it as a `CryptoFailure` that says nothing.

Knows: which exceptions primitives and parsers raise on hostile input. Never does: hide a programming error or a full
disk; those pass. Start reading: `silent`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm

from gateway.errors import CryptoFailure

_P = ParamSpec("_P")
_R = TypeVar("_R")

_HOSTILE = (
    ValueError,  # binascii.Error, UnicodeError and JSONDecodeError are ValueErrors
    OverflowError,
    RecursionError,
    InvalidTag,
    InvalidSignature,
    UnsupportedAlgorithm,
)


def silent(step: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make what hostile input lets `step` raise a `CryptoFailure`, without reason and without trace of one.

    It is raised outside the handler, so that not even `__context__` tells why.
    """

    @wraps(step)
    def guarded(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return step(*args, **kwargs)
        except _HOSTILE:
            pass
        raise CryptoFailure

    return guarded
