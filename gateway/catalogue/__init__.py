"""The municipality's offer in the OZG catalogue: claimed, delivered, listed, working, kept apart.

Knows: entries, XZuFi documents, read-backs, probes, reports, statistics. Never does: SQL, HTTP routes, listen.
Standard: XZuFi 2.2.0 and 2.3.1, PVOG, OZG Data Hub, Regulation (EU) 2018/1724. Start reading: `entry`, then `status`.
"""
