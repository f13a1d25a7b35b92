from __future__ import annotations

import numpy as np
import pytest

from monitoring.history.blocks import Floats, Key
from monitoring.outlook.shadow_share import ShadowShare, shadow_shares, wilson


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634),  # Newcombe 1998, method 3
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718),
    ],
)  # fmt: skip
def test_the_interval_is_wilsons(count: float, total: float, low: float, high: float) -> None:
    assert wilson(count, total) == pytest.approx((low, high), abs=5e-5)


def test_more_wrong_than_there_were_is_all_of_them() -> None:
    assert wilson(11, 10) == wilson(10, 10)  # counts are extrapolated
    assert wilson(0.4, 1)[0] >= 0


def test_another_confidence_is_another_width() -> None:
    narrow, wide = wilson(5, 50, 0.5), wilson(5, 50, 0.99)
    assert wide[0] < narrow[0] < 0.1 < narrow[1] < wide[1]


def test_each_decision_of_which_anything_was_seen_has_its_share() -> None:
    found: dict[Key, Floats] = {
        ("quality_filter", "right"): np.array([3.0, 4.0]),
        ("quality_filter", "wrong"): np.array([1.0, 0.0]),
        ("content_type", "right"): np.array([6.0]),
        ("early_exit", "wrong"): np.array([0.2]),
    }
    assert shadow_shares(found) == [
        ShadowShare("content_type", 6, 0, wilson(0, 6)),
        ShadowShare("quality_filter", 8, 1, wilson(1, 8)),
    ]
    assert shadow_shares({}) == []
