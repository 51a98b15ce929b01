"""Every table of the gateway, declared once; the migrations must yield exactly these (a test compares).

Knows: what stands in no statement of SQLAlchemy's, and takes its time to declare. Never does: queries.
Standard: architecture §4. Start reading: `metadata`.
"""

from gateway.store.rows.tables import *  # noqa: F403 - every table is one of this package
from gateway.store.rows.tables.catalogue import *  # noqa: F403 - every table is one of this package
from gateway.store.rows.tables.columns import metadata as metadata  # noqa: PLC0414 - given on
from gateway.store.rows.tables.probes import *  # noqa: F403 - every table is one of this package
from gateway.store.rows.tables.reporting import *  # noqa: F403 - every table is one of this package
