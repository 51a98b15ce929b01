"""Sealing, signing, keys, certificates and data at rest.

Knows: compact JWE (RSA-OAEP-256 with A256GCM) streamed both ways, compact and detached JWS, the JWK rules of
FIT-Connect, certificate chains to pinned roots, OCSP and CRL as values, and how data are kept at rest.
Never does: I/O, clocks, retries, or randomness besides what RSA, PSS and ECDSA draw inside themselves: content
encryption keys, nonces, serial numbers and instants are arguments. A failed operation never says why it failed.
Standards: RFC 7515, 7516, 7517, 7518, 7638, 8037; RFC 5280, 6960; FIT-Connect's JWK rules.
Start reading: `jwe` (parts of a submission), then `jws` (events, receipts), `keys`, `certificates`, `vault`.
"""
