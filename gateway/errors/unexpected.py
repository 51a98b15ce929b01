"""What may be said of an exception that nobody foresaw: its type and the place in our code, never its text.

Knows: tracebacks. Never does: read an exception's text or arguments, which may hold personal data; log.
Standard: GDPR article 5(1)(c). Start reading: `named`.
"""

from __future__ import annotations

from types import TracebackType
from typing import Final

_OURS: Final = "gateway"


def named(error: BaseException) -> dict[str, str]:
    """The fields of a log line: `error` is the type, `place` module and line of ours that are nearest to it."""
    return {"error": type(error).__name__, "place": _place(error.__traceback__)}


def _place(traceback: TracebackType | None) -> str:
    nearest = "?"
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] == _OURS:
            nearest = f"{module}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return nearest
