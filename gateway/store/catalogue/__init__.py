"""The OZG catalogue's rows: entries, exports, listings, probes, reports, statistics.

Knows: SQL of the tables in `rows/tables/{catalogue,probes,reporting}`. Never does: decide what they mean.
Standard: architecture §4. Start reading: `statuses`.
"""
