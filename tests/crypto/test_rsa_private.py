"""RSA keys of our own: the numbers of one key make it, whatever else is refused, and none is proved prime for it."""

from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gateway.crypto.rsa_private import key_pair

NUMBERS = rsa.generate_private_key(65537, 2048).private_numbers()
OTHER = rsa.generate_private_key(65537, 2048).private_numbers()
PARTS = {name: getattr(NUMBERS, name) for name in ("p", "q", "d", "dmp1", "dmq1", "iqmp")}


def numbers(n=NUMBERS.public_numbers.n, **changed):
    return rsa.RSAPrivateNumbers(**(PARTS | changed), public_numbers=rsa.RSAPublicNumbers(65537, n))


def test_the_numbers_of_one_key_make_it():
    key = key_pair(numbers())
    made = key.sign(b"x", padding.PKCS1v15(), hashes.SHA256())
    NUMBERS.public_numbers.public_key().verify(made, b"x", padding.PKCS1v15(), hashes.SHA256())
    assert key.private_numbers() == NUMBERS


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("changed", [lambda value: value + 2, lambda value: value - 1, lambda _: 0, lambda _: 1])
def test_a_part_that_is_another_makes_none(part, changed):
    with pytest.raises(ValueError):  # noqa: PT011 - without a text on purpose
        key_pair(numbers(**{part: changed(PARTS[part])}))


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_another_key_makes_none(part):
    with pytest.raises(ValueError):  # noqa: PT011 - without a text on purpose
        key_pair(numbers(**{part: getattr(OTHER, part)}))


def test_factors_of_another_modulus_make_none():
    of_another = {name: getattr(OTHER, name) for name in PARTS}
    with pytest.raises(ValueError):  # noqa: PT011 - without a text on purpose
        key_pair(numbers(**of_another))


def test_factors_that_are_no_primes_make_none():
    """All relations hold that a division can show, so that the trial alone tells."""
    p, q = NUMBERS.p, 3 * OTHER.q
    while True:
        try:
            d = pow(65537, -1, (p - 1) * (q - 1) // 2)
            break
        except ValueError:
            q += 6 * OTHER.q
    wrong = {"p": p, "q": q, "d": d, "dmp1": d % (p - 1), "dmq1": d % (q - 1), "iqmp": pow(q, -1, p)}
    with pytest.raises(ValueError):  # noqa: PT011 - without a text on purpose
        key_pair(numbers(p * q, **wrong))


def test_no_start_waits_for_a_proof_of_primes():
    asked = []

    def private_key(**how):
        asked.append(how)
        return NUMBERS.private_key(**how)

    key_pair(SimpleNamespace(**PARTS, public_numbers=NUMBERS.public_numbers, private_key=private_key))
    assert asked == [{"unsafe_skip_rsa_key_validation": True}]
