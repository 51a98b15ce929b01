"""How tests of properties draw their examples: always the same ones in the default suite, others in `make fuzz`.

A suite that draws at random fails for a commit that changed nothing. Whoever wants new examples asks for them:
`make fuzz` tries `FUZZ` times as many as the default suite, from the seed `SEED`, or at random where none is named.
"""

import os
from typing import Final

from hypothesis import settings

TIMES: Final = int(os.environ.get("FUZZ", "1"))
settings.register_profile(
    "properties", deadline=None, derandomize=TIMES == 1, max_examples=100 * TIMES, print_blob=True
)
settings.load_profile("properties")
