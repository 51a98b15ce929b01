"""RSA keys of our own from their numbers.

Knows: what makes the numbers one key (RFC 8017 §3.2). Never does: read a JWK, keep a key. Start reading: `key_pair`.
"""

from __future__ import annotations

from cryptography.exceptions import InternalError, InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_TRIAL = b"trial"


def key_pair(numbers: rsa.RSAPrivateNumbers) -> rsa.RSAPrivateKey:
    """The private key of these numbers. Raises `ValueError` where they are not parts of one key.

    OpenSSL's proof that its primes are prime takes 0.3 s for 4096 bits, at each start of each process, and says nothing
    more of a key of ours. What is wrong with a file shows without it: by the relations of the numbers, and by a trial.
    """
    if not _related(numbers):
        raise ValueError
    key = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    try:
        signature = key.sign(_TRIAL, padding.PKCS1v15(), hashes.SHA256())
        key.public_key().verify(signature, _TRIAL, padding.PKCS1v15(), hashes.SHA256())
    except (InternalError, InvalidSignature):
        raise ValueError from None
    return key


def _related(numbers: rsa.RSAPrivateNumbers) -> bool:
    p, q, d = numbers.p, numbers.q, numbers.d
    return (
        min(p, q) > 2
        and p * q == numbers.public_numbers.n
        and numbers.dmp1 == d % (p - 1)
        and numbers.dmq1 == d % (q - 1)
        and numbers.iqmp < p
        and numbers.iqmp * q % p == 1
        and all(numbers.public_numbers.e * d % (prime - 1) == 1 for prime in (p, q))
    )
