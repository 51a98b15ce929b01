"""Signatures of documents: JWS, JAdES and XAdES at baseline level B-B, with the municipality's key.

Knows: which key can make which signature, the rules of a signing certificate, and how each format is written.
Never does: I/O, clocks, randomness besides what PSS and ECDSA draw inside themselves: instants and ids are arguments,
and whoever holds the key is a `Signer` that is handed in. Never verifies what others signed.
Standards: RFC 7515 App. F, ETSI TS 119 182-1 (JAdES), ETSI EN 319 132-1 (XAdES), XML Signature 1.1, Exclusive C14N 1.0.
Start reading: `making`, then `jose` and `xades`; `identity` for the rules of keys.
"""
