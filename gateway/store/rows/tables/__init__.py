"""The tables that statements are built from; `every` adds those that are asked by SQL text alone.

Knows: columns, keys, indexes. Never does: queries. Standard: architecture §4 (every row names its municipality) and §5
(what may stand where). Start reading: `submission`.

Columns that every commit changes stay out of indexes, so that most commits touch the row's page alone; `state` does
not change with each, and lists by state would read the whole table without it.
Personal data stand only in columns whose comment says `encrypted` and in `blob_frames.data`.
"""

from gateway.store.rows.tables.columns import Xid8 as Xid8
from gateway.store.rows.tables.columns import metadata as metadata
from gateway.store.rows.tables.keys import *  # noqa: F403 - every table is one of this package
from gateway.store.rows.tables.login import *  # noqa: F403 - every table is one of this package
from gateway.store.rows.tables.operation import *  # noqa: F403 - every table is one of this package
from gateway.store.rows.tables.proof import *  # noqa: F403 - every table is one of this package
from gateway.store.rows.tables.submission import *  # noqa: F403 - every table is one of this package
from gateway.store.rows.tables.upload import *  # noqa: F403 - every table is one of this package
from gateway.store.rows.tables.webhook import *  # noqa: F403 - every table is one of this package
