from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from pipeline.domains.catalogue import live_metrics
from pipeline.domains.content import families
from pipeline.domains.content.bulk import BulkApplier
from pipeline.events import CheckpointEvaluated, DomainEvent, ItemFinished, ShadowJudged, StageFinished, StageSkipped

RATIO = st.one_of(st.none(), st.floats(0, 1), st.sampled_from([0.0, 0.05, 0.5, 1.0, 0.1, 0.15, 0.3]))
TEXT = st.one_of(
    st.none(), st.sampled_from(["news", "discussion", "", "other", "a\nb", "x" * 200, "new-1", "new-2", "é"])
)
ITEMS = st.builds(
    ItemFinished,
    processing_type=st.sampled_from(["full", "lightweight", "early_exit"]),
    content_type=TEXT,
    quality_score=RATIO,
    processing_time=st.one_of(st.none(), st.floats(0, 604_800), st.sampled_from([0.0, 1.0, 30.0])),
    exit_checkpoint=TEXT,
    exit_reason=TEXT,
    exit_confidence=RATIO,
    time_saved_pct=st.one_of(st.none(), st.floats(0, 1, exclude_max=True)),
    coherence=RATIO,
    completeness=RATIO,
    informativeness=RATIO,
    bypass_reason=st.sampled_from([None, "low_quality", "content_type"]),
    config_version=TEXT,
    item_id=st.one_of(st.none(), st.sampled_from(["", "i1", "i2", "x" * 101])),
)
OTHERS: list[DomainEvent] = [
    StageFinished("download", 1.0),
    StageSkipped("analysis", 2.5),
    CheckpointEvaluated("post_download", candidate_confidence=0.5),
    ShadowJudged("early_exit", "wrong", "new-3", "new-4", 3.0, 4.0, "i3"),
]


@settings(max_examples=40, deadline=None)
@given(st.lists(ITEMS, min_size=1, max_size=30), st.booleans())
def test_adding_up_first_gives_what_one_by_one_gives(items: list[ItemFinished], mixed: bool) -> None:
    events: list[DomainEvent] = [*(items * 3), *(OTHERS if mixed else [])]
    plain, bulk = live_metrics(CollectorRegistry()), live_metrics(CollectorRegistry())
    plain.apply_many(events)
    BulkApplier(bulk)._apply_items([e for e in events if isinstance(e, ItemFinished)])
    bulk.apply_many([e for e in events if not isinstance(e, ItemFinished)])
    for one, other in zip(plain.registry.collect(), bulk.registry.collect(), strict=True):
        assert one.name == other.name
        mine = {(s.name, tuple(s.labels.items())): s for s in other.samples}
        assert len(mine) == len(one.samples)
        for sample in one.samples:
            found = mine[sample.name, tuple(sample.labels.items())]
            assert math.isclose(sample.value, found.value, rel_tol=1e-9, abs_tol=1e-12), sample
            if not sample.name.endswith("_sum"):
                assert sample.value == found.value or "seconds" in sample.name
            exemplars = [s.exemplar and (s.exemplar.labels, s.exemplar.value) for s in (sample, found)]
            assert exemplars[0] == exemplars[1], sample


def test_small_and_large_batches_of_any_events_are_counted() -> None:
    metrics = live_metrics(CollectorRegistry())
    applier = BulkApplier(metrics)
    for size in (1, 31, 32, 500):
        applier.apply([*([ItemFinished("full")] * size), *OTHERS])
    labels = {"decision": "early_exit", "verdict": "wrong", "content_type": "new-3", "config_version": "new-4"}
    assert metrics.registry.get_sample_value("pipeline_shadow_items_total", labels) == 4
    assert sum(child._value.get() for child in metrics.family(families.ITEMS)._metrics.values()) == 564
    assert (
        metrics.registry.get_sample_value("pipeline_stage_duration_seconds_count", {"pipeline_stage": "download"}) == 4
    )
