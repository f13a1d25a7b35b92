from __future__ import annotations

import numpy as np

from monitoring.history.ratios import ratio, share_of

PART, WHOLE = np.array([3.0, 0.0, 0.0, 5.0]), np.array([4.0, 2.0, 0.0, 0.0])


def test_where_there_is_no_whole_there_is_no_ratio() -> None:
    found = ratio(PART, WHOLE)
    assert found[:2].tolist() == [0.75, 0.0]
    assert np.isnan(found[2:]).all()


def test_where_there_is_no_whole_the_share_of_nothing_is_nothing() -> None:
    assert share_of(PART[:3], WHOLE[:3]).tolist() == [0.75, 0.0, 0.0]


def test_neither_warns_of_a_division() -> None:
    with np.errstate(all="raise"):
        ratio(PART, WHOLE)
        share_of(PART, WHOLE)
