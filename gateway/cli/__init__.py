"""The commands of `gateway`.

Knows: arguments, lines on standard output, exit codes. Never does: decide about submissions, speak a protocol.
Standard: fixed interfaces §1. Start reading: `main.py` (list of commands), then `console.py` (lines, exit codes).
"""
