"""What ends a while after a stored time ends, whatever the clocks did meanwhile."""

from __future__ import annotations

import pytest
from tests.cast import NOON

from sayso.domain.age import CLOCK_SKEW, is_within


@pytest.mark.parametrize(
    ("ago", "within"),
    [(0, True), (9_999, True), (10_000, False), (-1, True), (-CLOCK_SKEW, True), (-CLOCK_SKEW - 1, False)],
)
def test_a_time_is_recent_until_its_period_has_passed_and_never_when_it_lies_far_ahead(ago: int, within: bool):
    assert within is is_within(10_000, NOON - ago, NOON)
