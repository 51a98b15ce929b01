"""Every table of the gateway, declared once; the migrations must yield exactly these (a test compares).

Knows: columns, keys, indexes. Never does: queries. Standard: architecture §4 (every row names its municipality) and §5
(what may stand where). Start reading: `submission`.

Columns that every commit changes stay out of indexes, so that most commits touch the row's page alone; `state` does
not change with each, and lists by state would read the whole table without it.
Personal data stand only in columns whose comment says `encrypted` and in `blob_frames.data`.
"""

from gateway.store.rows.tables.catalogue import (
    catalogue_answers,
    catalogue_delivered,
    catalogue_exports,
    catalogue_failures,
    catalogue_files,
    catalogue_findings,
    catalogue_listings,
    catalogue_objects,
    catalogue_pushes,
    catalogue_readback_turns,
    catalogue_readbacks,
    catalogue_revisions,
)
from gateway.store.rows.tables.columns import Xid8, metadata
from gateway.store.rows.tables.keys import data_keys, facts, key_log, municipality_keys
from gateway.store.rows.tables.login import (
    login_accounts,
    login_answers,
    login_codes,
    login_outcomes,
    login_requests,
    login_sessions,
    login_tokens,
    logins,
    logins_under_way,
    logout_notices,
    subject_keys,
)
from gateway.store.rows.tables.operation import (
    alarms,
    bulletins,
    client_allowances,
    destination_pace,
    destination_turns,
    exchange_durations,
    house_alarms,
    pauses,
    spent_assertions,
)
from gateway.store.rows.tables.probes import (
    outages,
    probe_hours,
    probe_lease,
    probe_measurements,
    probe_runs,
    probe_standing,
)
from gateway.store.rows.tables.proof import evidence, evidence_keys, evidence_leaves, evidence_roots, evidence_stamps
from gateway.store.rows.tables.reporting import (
    availability_reports,
    catalogue_land_counts,
    feedback,
    statistics_transfers,
    transaction_counts,
)
from gateway.store.rows.tables.submission import (
    attachments,
    changes,
    idempotency,
    journal,
    legal_holds,
    submission_secrets,
    submissions,
)
from gateway.store.rows.tables.upload import blob_frames, blobs, tus_pieces, tus_uploads, uploads
from gateway.store.rows.tables.webhook import webhook_messages, webhooks

__all__ = [
    "Xid8", "alarms", "attachments", "availability_reports", "blob_frames", "blobs", "bulletins",
    "catalogue_answers", "catalogue_delivered", "catalogue_exports", "catalogue_failures", "catalogue_files",
    "catalogue_findings", "catalogue_land_counts", "catalogue_listings", "catalogue_objects", "catalogue_pushes",
    "catalogue_readback_turns", "catalogue_readbacks", "catalogue_revisions", "changes", "client_allowances",
    "data_keys", "destination_pace", "destination_turns", "evidence", "evidence_keys", "evidence_leaves",
    "evidence_roots", "evidence_stamps", "exchange_durations", "facts", "feedback", "house_alarms", "idempotency",
    "journal", "key_log", "legal_holds", "login_accounts", "login_answers", "login_codes", "login_outcomes",
    "login_requests", "login_sessions",
    "login_tokens", "logins", "logins_under_way", "logout_notices", "metadata", "municipality_keys", "outages",
    "pauses", "probe_hours", "probe_lease", "probe_measurements", "probe_runs", "probe_standing", "spent_assertions",
    "statistics_transfers", "subject_keys", "submission_secrets", "submissions", "transaction_counts",
    "tus_pieces", "tus_uploads", "uploads", "webhook_messages", "webhooks",
]  # fmt: skip
