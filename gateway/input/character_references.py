"""Character references of HTML (`&auml;`, `&#228;`) as the characters that they stand for, whoever wrote the text.

Knows: that a reference may have any number of digits, which Python's reader refuses beyond some thousands.
Never does: read markup. Standard: HTML Living Standard §13.5 (numeric character reference end state).
Start reading: `resolved`.
"""

from __future__ import annotations

import html
import re
from typing import Final

_ZEROS: Final = re.compile(r"(&#[xX]?)00++")
_BEYOND: Final = re.compile(r"&#(?:0?+[0-9]{8,}+|[xX]0?+[0-9a-fA-F]{7,}+);?")
"""Numbers that are no character's, whatever their value."""


def resolved(text: str) -> str:
    """The text with its references resolved, once; a number beyond all characters becomes U+FFFD. Time is linear."""
    if "&#" in text:
        text = _BEYOND.sub("\ufffd", _ZEROS.sub(r"\g<1>0", text))
    return html.unescape(text)
