from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from exporter.counting.counters import Counters
from exporter.counting.figures import SPLIT
from exporter.counting.hours import HOUR, HOURS_KEPT
from exporter.counting.snapshot import KeptHours, Snapshot, capture
from exporter.exporter import Exporter
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.domains.catalogue import live_metrics
from pipeline.domains.content.events import PROCESSING_TYPES
from pipeline.domains.content.families import ITEMS
from pipeline.domains.content.labels import CHECKPOINTS, CONTENT_TYPES
from pipeline.events import ItemFinished

T0 = 1_767_225_600.0  # begin of an hour
_ITEMS = st.builds(
    ItemFinished, st.sampled_from(["full", "lightweight", "early_exit"]), st.sampled_from([None, "news", "fun"]),
    st.sampled_from([None, 0.25, 0.75]), st.sampled_from([None, 2.0, 8.0]), exit_checkpoint=st.just("post_download"),
    exit_confidence=st.sampled_from([None, 0.5]), time_saved_pct=st.sampled_from([None, 0.5]),
)  # fmt: skip


def counters(caps: dict[str, int] | None = None) -> Counters:
    return Counters(live_metrics(CollectorRegistry(), caps=caps), clock=lambda: T0)


def items(found: Counters, first: float) -> float:
    return sum(found.hours.window(first).get(ITEMS.name, {}).values())


def saved(found: Counters) -> Snapshot:
    """A snapshot, written and read."""
    state = found.snapshot(list(capture(found.metrics)), b"")
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=Snapshot)


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 5000), st.lists(_ITEMS, max_size=3), st.booleans()), max_size=8))
def test_an_hour_holds_what_counters_hold_that_saw_it_alone_whatever_was_restarted(
    steps: Sequence[tuple[int, Sequence[ItemFinished], bool]],
) -> None:
    now, found = T0, counters()
    alone: dict[float, Counters] = {}
    for seconds, events, restart in steps:
        now += seconds
        found.apply(events, now)
        if events:
            alone.setdefault(now // HOUR * HOUR, counters()).apply(events, now)
        if restart:
            state, found = saved(found), counters()
            found.restore(state)
    for start, sums in found.hours.each(T0):
        assert sums == alone.pop(start).hours.window(start)
    assert not alone


def test_as_many_hours_are_kept_as_a_week_has() -> None:
    found = counters()
    for hour in range(HOURS_KEPT + 3):
        found.apply([ItemFinished("full")], T0 + hour * HOUR)
    assert items(found, T0) == HOURS_KEPT + 1  # the one that is being counted in stands beside them
    assert found.hours.known_from == T0 + 2 * HOUR


def test_quiet_hours_take_no_room() -> None:
    found = counters()
    for day in range(100):
        found.apply([ItemFinished("full")], T0 + day * 86_400)
    assert items(found, T0) == 100
    assert found.hours.known_from is None


def test_label_sets_at_their_caps_take_what_is_documented() -> None:
    found = counters()
    kinds = [None, *CONTENT_TYPES, *(f"type-{n}" for n in range(30))]
    events = [
        ItemFinished(way, kind, 0.5, 1.0, time_saved_pct=0.5, coherence=0.5, completeness=0.5, informativeness=0.5)
        for way in PROCESSING_TYPES
        for kind in kinds
    ]
    events += [
        ItemFinished("early_exit", kinds[1], None, 1.0, place, reason, 0.5)
        for place in [None, *CHECKPOINTS, *(f"place-{n}" for n in range(30))]
        for reason in [None, *(f"reason-{n}" for n in range(60))]
    ]
    found.apply(events, T0)
    assert len(found.hours.written().sets) == 1692


def test_label_values_of_kept_hours_go_through_todays_caps() -> None:
    first = counters()
    first.apply([ItemFinished("full", f"type-{n}") for n in range(10)], T0)
    second = counters({"content_type": 6})
    second.restore(saved(first))
    rows = second.hours.window(T0)[ITEMS.name]
    place = SPLIT[ITEMS.name].index("content_type")
    assert {labels[place]: count for labels, count in rows.items()} == {"type-0": 1, "type-1": 1, "other": 8}


def test_a_snapshot_that_knew_no_such_hours_is_put_back_and_hours_begin_with_what_came_after_it(tmp_path: Path) -> None:
    class Older(msgspec.Struct):
        families: list[msgspec.Raw]
        hours: list[dict[str, object]]
        configs: list[object] = []
        pushed: bytes = b""
        since: float | None = None

    first = counters()
    first.apply([ItemFinished("full", quality_score=0.5)] * 3, T0)
    row = {"start": int(T0), "items": 3, "counts": [3, 0, 0, 0], "sums": [1.5, 0.0, 0.0, 0.0]}
    older = msgspec.msgpack.encode(Older(list(capture(first.metrics)), [row], since=T0))
    kept = ExporterSettings(journal=tmp_path / "journal.sqlite")
    exporter = Exporter(kept, Config(), clock=lambda: T0 + 9 * HOUR)
    exporter.journal.compact(older, T0 + HOUR)
    exporter.journal.close()
    exporter = Exporter(kept, Config(), clock=lambda: T0 + 10 * HOUR)
    assert exporter.counters.hours.known_from == T0 + 10 * HOUR
    exporter.counters.apply([ItemFinished("full")], T0 + 8 * HOUR)  # as the journal has it, beside the snapshot
    assert exporter.counters.hours.known_from == T0 + 8 * HOUR
    assert items(exporter.counters, T0) == 1
    assert exporter.metrics.registry.get_sample_value("exporter_records_total") == 4
    exporter.close()


def test_hours_that_were_split_otherwise_are_not_mixed_with_todays() -> None:
    found = counters()
    found.hours.restore(KeptHours([(ITEMS.name, ("way",), ("full",))], [(int(T0), [0], [7.0])]), T0 + HOUR)
    assert found.hours.window(T0) == {}
    assert found.hours.known_from == T0 + HOUR
