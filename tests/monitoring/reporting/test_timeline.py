from __future__ import annotations

import math

import pytest

from monitoring.reporting.timeline import placed, slot_length
from monitoring.servers.prometheus import Series

DAY = 86_400


@pytest.mark.parametrize(
    ("window", "scrapes", "items", "slot"),
    [
        (7 * DAY, 40_320, 100_000, 4 * 3600),  # busy: as many slots as are drawn
        (7 * DAY, 40_320, 400, DAY),  # 40 items a slot on average, but no fewer than seven slots
        (7 * DAY, 14, 100_000, 2 * DAY),  # twelve hours between scrapes: four in a slot
        (DAY, 5_760, 100_000, 1800),
        (30 * DAY, 172_800, 100_000, DAY),
        (600, 40, 100_000, 60),
    ],
)
def test_slots_are_long_enough_for_scrapes_and_items(window: int, scrapes: int, items: float, slot: int) -> None:
    assert slot_length(window, scrapes, items, 20) == slot


def test_values_are_put_where_their_slot_ends() -> None:
    found = [Series({}, [(120.0, 0.5), (240.0, math.nan)])]
    assert placed(found, [60.0, 120.0, 180.0, 240.0]) == [None, 0.5, None, None]
    assert placed([], [60.0]) == [None]
