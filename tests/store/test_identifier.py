"""RFC 9562 §5.7: version, variant, order by time; nothing of the randomness lost but the bits for both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

import pytest

from gateway.store.rows.identifier import ordered

AT = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)


def test_the_example_of_the_standard():
    # RFC 9562, appendix A.6: 0x017F22E279B0, random 0xCC3, 0x18C4DC0C0C07398F
    assert str(ordered(AT, bytes.fromhex("0cc318c4dc0c0c07398f"))) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_version_and_variant_stand_whatever_the_randomness():
    for random in (b"\x00" * 10, b"\xff" * 10):
        made = ordered(AT, random)
        assert (made.version, made.variant) == (7, RFC_4122)


def test_a_later_one_sorts_later():
    assert ordered(AT, b"\xff" * 10) < ordered(AT + timedelta(milliseconds=1), b"\x00" * 10)


def test_too_little_randomness_is_refused_without_showing_it():
    with pytest.raises(ValueError, match=r"^9$"):
        ordered(AT, b"x" * 9)
