from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from exporter.counting.figures import QUALITY, SPLIT, Sums, counts_by, ratio, sums_of, total
from monitoring.domains.catalogue import signal
from monitoring.domains.series import family_of
from pipeline.domains import catalogue
from pipeline.domains.catalogue import live_metrics
from pipeline.events import ItemFinished

ITEMS = [
    *[ItemFinished("full", "news", 0.8, 100.0, time_saved_pct=0.0)] * 4,
    *[ItemFinished("lightweight", "news", 0.2, 10.0, time_saved_pct=0.75)] * 3,
    ItemFinished("early_exit", "education", None, 5.0, "post_download", "too_short", 0.9, 0.5),
    ItemFinished("early_exit", "news", None, None, "post_download", "no_text", 0.7),
]


@pytest.fixture
def sums() -> Sums:
    metrics = live_metrics(CollectorRegistry())
    metrics.apply_many(ITEMS)
    return sums_of(metrics)


def test_every_series_is_one_of_a_family_and_split_by_its_labels() -> None:
    for series, labels in SPLIT.items():
        assert set(labels) <= set(catalogue.family(family_of(series)[0]).labels)
    assert SPLIT["pipeline_items_total"] == ("processing_type", "content_type")
    assert "dimension" in SPLIT["pipeline_quality_score_sum"]


def test_ratios_are_those_of_their_signals(sums: Sums) -> None:
    assert ratio(sums, "bypass_rate") == 5 / 9
    assert ratio(sums, "bypass_rate", content_type="news") == 4 / 8
    assert ratio(sums, "early_exit_rate") == 2 / 9
    assert ratio(sums, "time_savings") == pytest.approx(95 / (95 + 435))
    assert ratio(sums, "quality_score_avg") == pytest.approx(0.8)
    assert ratio(sums, "exit_confidence_avg", checkpoint="post_download") == pytest.approx(0.8)


def test_where_there_is_nothing_to_divide_by_there_is_no_ratio(sums: Sums) -> None:
    assert ratio(sums, "quality_score_avg", content_type="education") is None
    assert ratio(sums, "bypass_rate", content_type="never seen") is None
    assert [ratio({}, name) for name in QUALITY] == [None] * 4
    assert total({}, signal("items").numerator) == 0


def test_counts_come_by_each_value_of_a_label(sums: Sums) -> None:
    exits = signal("early_exits").numerator
    found = counts_by(sums, exits, "reason", checkpoint="post_download")
    assert {reason: count for reason, count in found.items() if count} == {"too_short": 1, "no_text": 1}
    assert counts_by(sums, exits, "checkpoint")["post_download"] == 2
