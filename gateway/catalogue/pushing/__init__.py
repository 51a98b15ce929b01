"""Single changes of the catalogue, sent to the collector until it has taken them.

Knows: what differs from what was sent before, classes of errors, the collector's wire. Never does: SQL, make exports.
Standard: PVOG Sammlerdienst (push), RFC 6749 §4.4. Start reading: `push`.
"""
