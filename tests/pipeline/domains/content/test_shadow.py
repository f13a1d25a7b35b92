from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics import exposition as openmetrics

from pipeline.domains.catalogue import live_metrics
from pipeline.domains.content.known import known_values
from pipeline.events import ShadowJudged
from pipeline.metrics.registry import Metrics

KNOWN = known_values(("news", "review"), "blue", {"post_download": ("too_short",), "post_analysis": ("nothing_found",)})


@pytest.fixture
def metrics() -> Metrics:
    return live_metrics(CollectorRegistry(), known=KNOWN)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_a_shadow_item_reaches_its_families(metrics: Metrics) -> None:
    where = {"content_type": "news", "config_version": "blue"}
    metrics.apply(ShadowJudged("quality_filter", "wrong", "news", "blue", 3.0, 4.0, "abc"))
    metrics.apply(ShadowJudged("early_exit", "right", "news", "blue", 3.0, 0.0))  # no relative error of nothing
    metrics.apply(ShadowJudged("early_exit", "right", "news", "blue"))
    counts = {
        (decision, verdict): value(metrics, "pipeline_shadow_items_total", decision=decision, verdict=verdict, **where)
        for decision in ("quality_filter", "content_type", "early_exit")
        for verdict in ("right", "wrong")
    }
    assert counts == {
        ("quality_filter", "right"): 0, ("quality_filter", "wrong"): 1, ("content_type", "right"): 0,
        ("content_type", "wrong"): 0, ("early_exit", "right"): 2, ("early_exit", "wrong"): 0,
    }  # fmt: skip
    error = "pipeline_shadow_savings_error_ratio_bucket"
    assert [value(metrics, error, le=le, **where) for le in ("-0.3", "-0.2", "+Inf")] == [0, 1, 1]
    sums = [
        value(metrics, f"pipeline_shadow_{side}_saved_seconds_total", decision=decision, **where)
        for side in ("estimated", "true")
        for decision in ("quality_filter", "early_exit")
    ]
    assert sums == [3.0, 3.0, 4.0, 0.0]
    text = openmetrics.generate_latest(metrics.registry).decode()  # type: ignore[no-untyped-call]
    assert 'verdict="wrong"} 1.0 # {item_id="abc"} 1.0' in text
