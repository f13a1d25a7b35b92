"""The simulated worlds are worth nothing if they decide or count otherwise than the pipeline does."""

from __future__ import annotations

import numpy as np
import prometheus_client
import pytest

from bench.worlds import WAYS, Arm, Kind, World, decide, draw, series
from pipeline.decisions.quality import QualityThresholds, judge
from pipeline.decisions.routing import Routing, TypeRoute, route
from pipeline.domains.catalogue import live_metrics
from pipeline.domains.content.labels import CHECKPOINTS
from pipeline.events import PROCESSING_TYPES, CheckpointEvaluated, ItemFinished, QualityAssessed
from pipeline.item import Scores

WORLD = World(
    kinds=(Kind("news", 0.5, 0.66, 80.0), Kind("education", 0.3, 0.7, 90.0, "full"),
           Kind("entertainment", 0.2, 0.7, 120.0, "lightweight")),
    arms=(Arm("balanced"),),
    fail=0.0,
)  # fmt: skip
ITEMS = 600


def test_items_go_the_way_that_the_pipelines_own_decisions_send_them() -> None:
    drawn = draw(WORLD, np.random.default_rng(4), ITEMS, 3600.0)
    finished = decide(WORLD, drawn)
    thresholds = QualityThresholds(*WORLD.arms[0].thresholds)
    routing = Routing({k.name: TypeRoute(processing_mode=k.mode) for k in WORLD.kinds})  # type: ignore[arg-type]
    for n in range(ITEMS):
        leaves = drawn.confidences[n] >= np.array(WORLD.arms[0].confidences)
        verdict = judge(Scores(*drawn.scores[n].tolist()), thresholds)
        way = route(WORLD.kinds[drawn.kind[n]].name, verdict, routing, quality_filtering=True, content_routing=True)
        expected = "lightweight" if way.bypass else "early_exit" if leaves[2:].any() else "full"
        assert WAYS[finished.way[n]] == ("early_exit" if leaves[:2].any() else expected)
        assert finished.margin[n] == verdict.margin


def test_the_series_of_a_world_are_those_that_the_exporters_registry_shows() -> None:
    drawn = draw(WORLD, np.random.default_rng(4), ITEMS, 3600.0)
    finished = decide(WORLD, drawn)
    metrics = live_metrics(prometheus_client.CollectorRegistry())
    for n in range(ITEMS):
        way, left = PROCESSING_TYPES[finished.way[n]], int(finished.left[n])
        known = left not in (0, 1)
        name = WORLD.kinds[drawn.kind[n]].name if known else None
        cost = finished.spent[n] + finished.saved[n]
        scores = dict(
            zip(
                ("quality_score", "coherence", "completeness", "informativeness"), drawn.scores[n].tolist(), strict=True
            )
        )
        metrics.apply(
            ItemFinished(
                way, name, processing_time=finished.spent[n], time_saved_pct=finished.saved[n] / cost,
                exit_checkpoint=CHECKPOINTS[left] if left >= 0 else None, exit_reason="held" if left >= 0 else None,
                bypass_reason=("content_type" if name == "entertainment" else "low_quality") if way == "lightweight" else None,
                config_version="balanced", **(scores if known else {}),
            )
        )  # fmt: skip
        if known:
            metrics.apply(QualityAssessed(finished.margin[n], name, "balanced"))
        for point in range(4):
            if (left >= 0 and point > left) or (point == 2 and way == "lightweight"):
                break
            held = drawn.confidences[n, point]
            metrics.apply(
                CheckpointEvaluated(
                    CHECKPOINTS[point], name if point > 1 else None, "balanced", None if np.isnan(held) else held
                )
            )
    shown = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
    }
    compared = 0
    for one in series(finished, np.array([0.0, 3600.0]), start=0.0, labels={}):
        if one.name == "pipeline_threshold_ratio" or not one.values[-1]:
            continue
        assert shown[one.name, frozenset(one.labels.items())] == pytest.approx(one.values[-1])
        compared += 1
    assert compared > 150


def test_a_restart_begins_every_counter_anew() -> None:
    finished = decide(WORLD, draw(WORLD, np.random.default_rng(4), ITEMS, 3600.0))
    times = np.arange(0.0, 3601.0, 600.0)
    wholes = series(finished, times, start=0.0, families=["pipeline_items_total"])
    for one, whole in zip(
        series(finished, times, start=0.0, resets=[1500.0], families=["pipeline_items_total"]), wholes, strict=True
    ):
        assert one.values[:3].tolist() == whole.values[:3].tolist()
        assert one.values[3:].tolist() == (whole.values[3:] - whole.values[2]).tolist()
