"""FIT-Connect v2 as a sender: requests, metadata, sealed parts, event log.

Knows: the wire of FITKO's Submission API v2, metadata 2.x, Security Event Tokens, and how to prove an event log.
Never does: keep state (that is the store's), decide what comes next (that is `journey`), open an HTTP client
(that is `outbound`). Only the package `channel` does I/O; all else is pure: time, ids and randomness are arguments.
Standard: FIT-Connect Submission API v2, set-payload 1.2.2 (RFC 8417), metadata 2.x.
Start reading: `names` for the words, then `channel.sender`.
"""
