from __future__ import annotations

from exporter.counting.trends import HOURS_KEPT, Trends
from pipeline.events import ItemFinished


def test_trends_keep_a_week_of_hours() -> None:
    trends = Trends()
    for hour in range(HOURS_KEPT + 10):
        trends.note(
            [ItemFinished("full", quality_score=0.5), ItemFinished("lightweight", quality_score=0.1)], hour * 3600.0
        )
    assert len(trends.all()) == HOURS_KEPT
    last = trends.last(2, (HOURS_KEPT + 9) * 3600.0 + 10)
    assert [(hour.items, hour.mean(0), hour.mean(1)) for hour in last[-2:]] == [(2, 0.5, None)] * 2
