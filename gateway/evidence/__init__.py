"""Evidence: the chain of a submission, the tree over many chains, the archive, and whoever checks it offline.

Knows: the exact bytes that are hashed and signed, what an archive holds, in which order it is judged. Never does:
I/O, clocks; rows are `gateway/store`'s affair, files the command's. Standard: architecture §5, ADR 8, RFC 6962 §2.1
(tree), RFC 7515 (signatures), RFC 7517 (keys). Start reading: `chain`, `roots`, then `verify`.
"""
