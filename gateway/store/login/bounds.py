"""How much of logins is kept at most, for both stores.

Knows: numbers, and the finding for a login that cannot be used. Never does: count.
Standard: none; the answer's size is that of the door it comes in by. Start reading: `OF_ONE_ADDRESS`.
"""

from __future__ import annotations

from typing import Final

from gateway.errors import LoginUnusable
from gateway.model import Finding

OF_ONE_ADDRESS: Final = 100
"""Logins under way from one address; many people may stand behind it, and a login takes minutes."""
IN_ALL: Final = 20_000
"""Logins under way together. Several that begin at once may pass either bound by as many."""
PUSHED_OF_ONE_CLIENT: Final = 1_000
"""Pushed requests of one client that wait for their browser: anybody may push for an app, which has no secret."""
CODES_OF_ONE_SESSION: Final = 100
"""Codes that live at the same time out of one session of a browser; each is a login of its own for an hour."""
PROCESSES: Final = 16
"""How many begin logins at the same time, for the share that each may begin without counting all again."""
RETRY_S: Final = 60.0
ANSWER_MOST: Final = 256 * 1024
"""Bytes of an identity provider's answer."""
UNUSABLE: Final = Finding("/login", LoginUnusable.code, LoginUnusable.de, LoginUnusable.en)
