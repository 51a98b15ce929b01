"""Whatever holds a submission, somebody is told what to do about it."""

from __future__ import annotations

import pytest

from gateway.errors import every_error
from gateway.operators.advice import suggestion


@pytest.mark.parametrize("code", sorted({each.code for each in every_error()}))
def test_every_cause_has_a_suggestion_in_both_languages(code):
    advice = suggestion(code)
    assert set(advice) == {"de", "en"}
    assert all(advice.values())


def test_a_cause_that_nobody_knows_is_a_fault_of_the_gateway():
    assert suggestion("what_a_later_version_wrote") == suggestion("internal_error")
    assert "Protokoll" in suggestion("internal_error")["de"]
