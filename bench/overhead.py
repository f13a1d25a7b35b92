"""What recording costs: one fully processed item with all its events, against bare prometheus_client calls.

    python -m bench.overhead [--items N] [--samples DIR] [--json]

The peer makes the same increments on the same series with prometheus_client alone, children looked up by `.labels()`
each time, as its documentation shows. The share is of the wall time of the cheapest sample that is processed in full.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import prometheus_client
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pipeline import InProcessRecorder, NullRecorder
from pipeline.configuration.config import load_config
from pipeline.domains import catalogue
from pipeline.domains.content.labels import CHECKPOINTS
from pipeline.events import CheckpointEvaluated, Event, ItemFinished, QualityAssessed, StageFinished
from pipeline.recording.push import PushRecorder, PushSettings
from pipeline.recording.recorder import Recorder

ALL_ON = {"ENABLE_QUALITY_FILTERING": "1", "ENABLE_CONTENT_ROUTING": "1", "ENABLE_EARLY_EXIT": "1"}
STAGES = ("download", "transcription", "assessment", "analysis", "perspective", "fallacy", "memory", "graph", "publish")


def events_of_an_item() -> list[Event]:
    """Return what a fully processed item reports: 15 events."""
    item_id = "0123456789abcdef" * 4
    return [
        *(StageFinished(stage, 0.0123, item_id) for stage in STAGES),
        *(CheckpointEvaluated(point, "news", "blue") for point in CHECKPOINTS),
        QualityAssessed(0.12, "news", "blue"),
        ItemFinished("full", "news", 0.81, 1.23, time_saved_pct=0.0, coherence=0.8, completeness=0.82,
                     informativeness=0.83, config_version="blue", item_id=item_id),
    ]  # fmt: skip


class Found(msgspec.Struct, frozen=True):
    """What was measured, in microseconds; of the cheapest sample its whole processing."""

    recording_us: float
    bare_prometheus_client_us: float
    item_scope_with_decisions_us: float
    item_scope_metrics_off_us: float
    record_written_ahead_us: float
    cheapest_sample: str
    cheapest_sample_us: float


class Bare:
    """The same increments by prometheus_client alone."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        kinds: dict[str, Any] = {"counter": Counter, "gauge": Gauge}
        self._metrics: dict[str, Any] = {}
        for family in catalogue.FAMILIES:
            if family.kind == "histogram":
                metric: Any = Histogram(
                    family.name, family.help, family.labels, buckets=family.buckets, registry=registry
                )
            else:
                metric = kinds[family.kind](family.name, family.help, family.labels, registry=registry)
            self._metrics[family.name.removeprefix("pipeline_")] = metric

    def item(self) -> None:
        """Count one fully processed item."""
        metric = self._metrics
        exemplar = {"item_id": "0123456789abcdef" * 4}
        metric["items_in_progress"].inc()
        for stage in STAGES:
            metric["stage_duration_seconds"].labels(stage).observe(0.0123)
        for checkpoint in CHECKPOINTS:
            metric["checkpoint_evaluations_total"].labels(checkpoint, "news", "blue").inc()
        metric["quality_margin_ratio"].labels("news", "blue").observe(0.12)
        metric["items_total"].labels("full", "news", "blue").inc()
        metric["quality_score"].labels("overall", "full", "news", "blue").observe(0.81, exemplar)
        for dimension, score in (("coherence", 0.8), ("completeness", 0.82), ("informativeness", 0.83)):
            metric["quality_score"].labels(dimension, "full", "news", "blue").observe(score)
        metric["item_duration_seconds"].labels("full", "news", "blue").observe(1.23, exemplar)
        metric["time_spent_seconds_total"].labels("full", "news", "blue").inc(1.23)
        metric["last_item_timestamp_seconds"].set(time.time())
        metric["items_in_progress"].dec()


def scope(recorder: Recorder) -> None:
    """Follow one item through all stages and decisions, which do nothing."""
    with recorder.item("news", item_id="0123456789abcdef" * 4) as item:
        for stage in STAGES[:3]:
            with item.stage(stage):
                pass
        item.checkpoint("post_download", duration_seconds=300.0)
        item.checkpoint("post_transcription", transcript_words=300)
        item.quality(0.81, 0.8, 0.82, 0.83)
        item.route()
        item.checkpoint("post_quality_filtering")
        for stage in STAGES[3:]:
            with item.stage(stage):
                pass
        item.checkpoint("post_analysis", claims=3, perspectives=2)


def microseconds(function: Callable[[], object], count: int) -> float:
    """Return the time of one call: the best of five rounds, for what disturbs a measurement only ever adds."""
    rounds = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(count // 5):
            function()
        rounds.append((time.perf_counter() - started) / (count // 5))
    return min(rounds) * 1e6


def cheapest_sample(samples: Path) -> tuple[str, float]:
    """Return the sample whose full processing takes the least wall time, and that time in seconds."""
    from pipeline.recording.savings import CostModel
    from pipeline.running.engine import PRIORS, Engine
    from pipeline.running.local_toolbox import LocalToolbox

    with tempfile.TemporaryDirectory() as state:
        os.environ["MONITORING_HOME"] = state
        config = load_config(Path("config"))
        with LocalToolbox(config) as toolbox:
            engine = Engine(NullRecorder(config, CostModel(priors=PRIORS)), toolbox)
            texts = [s for s in toolbox.expand(str(samples)) if not s.uri.endswith((".mp3", ".mp4", ".wav"))]
            engine.process(texts[0])  # weights and caches are loaded by the first
            outcomes = [engine.process(source) for source in texts]
            engine.close()
    cheapest = min((o for o in outcomes if o.processing_type and not o.known), key=lambda o: o.duration_seconds or 1e9)
    return cheapest.source, cheapest.duration_seconds or 0.0


def written_ahead(count: int) -> float:
    """Return the microseconds that `record` takes when the event is on disk before it returns; nobody answers."""
    with tempfile.TemporaryDirectory() as folder:
        settings = PushSettings(spool_bytes=2**33, close_seconds=0.1)
        recorder = PushRecorder("http://127.0.0.1:9", spool=folder, durable=True, settings=settings)
        event = events_of_an_item()[-1]
        with recorder:
            return microseconds(lambda: recorder.record(event), count)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--items", type=int, default=20_000)
    arguments.add_argument("--samples", type=Path, default=Path("samples"))
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    config = load_config(Path("config"), {**ALL_ON, "CONFIG_VERSION": "blue"})
    recorder, nowhere, bare = InProcessRecorder(CollectorRegistry(), config), NullRecorder(load_config()), Bare()
    events = events_of_an_item()
    sample, sample_seconds = cheapest_sample(options.samples)
    found = Found(
        recording_us=microseconds(lambda: recorder.record_many(events), options.items),
        bare_prometheus_client_us=microseconds(bare.item, options.items),
        item_scope_with_decisions_us=microseconds(lambda: scope(recorder), options.items),
        item_scope_metrics_off_us=microseconds(lambda: scope(nowhere), options.items),
        record_written_ahead_us=written_ahead(options.items),
        cheapest_sample=sample,
        cheapest_sample_us=sample_seconds * 1e6,
    )
    if options.json:
        print(msgspec.json.encode(found).decode())
        return
    recording, peer, whole = found.recording_us, found.bare_prometheus_client_us, found.cheapest_sample_us
    print(f"recording one item, {len(events)} events     {recording:8.1f} us")
    print(f"bare prometheus_client, same series   {peer:8.1f} us   ratio {recording / peer:.2f}")
    print(f"whole item scope, decisions included  {found.item_scope_with_decisions_us:8.1f} us")
    print(f"whole item scope, metrics off         {found.item_scope_metrics_off_us:8.1f} us")
    print(f"one record, written ahead             {found.record_written_ahead_us:8.1f} us")
    print(f"cheapest sample ({sample}) {whole / 1000:.1f} ms: recording is {100 * recording / whole:.3f} % of it")


if __name__ == "__main__":
    main()
