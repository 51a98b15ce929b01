"""Nobody can compute from what is published a group that is held back."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.statistics.suppression import suppressed

GROUPS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 12), min_size=1)


def test_large_groups_are_told_as_they_are():
    told = suppressed({"a": 5, "b": 9}, 5)
    assert (told.total, told.groups) == (14, {"a": 5, "b": 9})


@pytest.mark.parametrize(
    ("groups", "told", "total"),
    [
        ({"a": 3, "b": 9, "c": 7}, {"b": 9}, 19),  # the smallest of the others goes with it
        ({"a": 3}, {}, None),
        ({"a": 2, "b": 2}, {}, None),  # together fewer than five
        ({"a": 4, "b": 4, "c": 8}, {}, 16),  # 8 of two below 5 could only be 4 and 4
        ({"a": 4, "b": 3, "c": 8}, {"c": 8}, 15),
        ({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 6}, {}, 11),  # 5 of five could only be ones
    ],
)
def test_what_goes_with_a_small_group(groups, told, total):
    published = suppressed(groups, 5)
    assert {name: number for name, number in published.groups.items() if number is not None} == told
    assert published.total == total


@given(GROUPS, st.integers(1, 6))
def test_no_small_group_is_told_and_what_is_held_back_could_have_been_something_else(groups, smallest):
    published = suppressed(groups, smallest)
    assert published.groups.keys() == groups.keys()
    held = sorted(name for name, number in published.groups.items() if number is None)
    assert {name for name, number in groups.items() if number < smallest} <= set(held)
    if not held or published.total is None:
        return
    rest = published.total - sum(number for number in published.groups.values() if number is not None)
    assert rest >= smallest
    assert len(held) > 1
    if all(groups[name] < smallest for name in held):
        others = itertools.islice(
            (some for some in itertools.product(range(1, smallest), repeat=len(held)) if sum(some) == rest), 2
        )
        assert len(list(others)) == 2
