from __future__ import annotations

import math

import numpy as np

from monitoring.domains.catalogue import signal
from pipeline.domains.content.events import PROCESSING_TYPES, SHORTCUTS
from pipeline.domains.content.families import TIME_SAVED, TIME_SPENT
from pipeline.domains.content.savings import in_full, savings_share


def test_savings_are_a_share_of_what_full_processing_would_have_taken() -> None:
    assert savings_share(saved=3.0, spent=1.0) == 0.75
    assert in_full(3.0, 1.0) == 4.0
    assert in_full(np.array([3.0, 0.0]), np.array([1.0, 2.0])).tolist() == [4.0, 2.0]


def test_of_no_time_at_all_nothing_is_known() -> None:
    assert math.isnan(savings_share(0.0, 0.0))


def test_the_signal_of_savings_divides_the_same() -> None:
    asked = signal("time_savings")
    assert [term.series for term in asked.numerator] == [TIME_SAVED.name]
    assert [term.series for term in asked.denominator] == [TIME_SAVED.name, TIME_SPENT.name]


def test_every_way_but_the_full_one_is_a_shortcut_and_the_bypass_rate_counts_them_all() -> None:
    assert {*PROCESSING_TYPES} - {*SHORTCUTS} == {"full"}
    (term,) = signal("bypass_rate").numerator
    assert dict(term.where)["processing_type"] == SHORTCUTS
