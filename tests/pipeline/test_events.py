from __future__ import annotations

import math

import msgspec
import pytest

from pipeline.events import EVENT_TYPES, Event, ItemFinished, ShadowJudged, StageFinished, StageSkipped, validate


def test_the_record_body_has_exactly_the_fields_of_the_contract() -> None:
    assert ItemFinished.__struct_fields__ == (
        "processing_type", "content_type", "quality_score", "processing_time", "exit_checkpoint", "exit_reason",
        "exit_confidence", "time_saved_pct", "coherence", "completeness", "informativeness", "bypass_reason",
        "config_version", "item_id",
    )  # fmt: skip


def test_an_event_survives_the_way_over_the_wire() -> None:
    event = ItemFinished(
        "early_exit", "news", exit_checkpoint="post_download", time_saved_pct=0.75, processing_time=35.2
    )
    shadow = ShadowJudged("early_exit", "wrong", "news", "blue", 35.2, 31.7, "abc")
    for sent in (event, shadow, StageSkipped("analysis", 2.5)):
        assert msgspec.json.decode(msgspec.json.encode(sent), type=Event) == sent


def test_every_event_type_has_a_tag_of_its_own() -> None:
    tags = [kind.__struct_config__.tag for kind in EVENT_TYPES]
    assert len(set(tags)) == len(tags) == len(EVENT_TYPES)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (ItemFinished("sideways"), "processing_type"),  # type: ignore[arg-type]
        (ItemFinished("full", quality_score=1.01), "quality_score"),
        (ItemFinished("full", quality_score=math.nan), "quality_score"),
        (ItemFinished("full", processing_time=math.inf), "processing_time"),
        (ItemFinished("full", processing_time=604_801), "processing_time"),
        (ItemFinished("full", processing_time=-1), "processing_time"),
        (ItemFinished("full", time_saved_pct=1.0), "time_saved_pct"),
        (ItemFinished("lightweight", bypass_reason="tired"), "bypass_reason"),  # type: ignore[arg-type]
        (ItemFinished("full", content_type=5), "content_type"),  # type: ignore[arg-type]
        (StageFinished("download", -0.1), "duration_seconds"),
        (StageSkipped("analysis", -0.2), "saved_seconds"),
        (ShadowJudged("whim", "right"), "decision"),  # type: ignore[arg-type]
        (ShadowJudged("early_exit", "perhaps"), "verdict"),  # type: ignore[arg-type]
        (ShadowJudged("early_exit", "right", true_saved_seconds=-0.1), "true_saved_seconds"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(event: Event, field: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        validate(event)


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="surprise"):
        msgspec.json.decode(b'{"processing_type": "full", "surprise": 1}', type=ItemFinished)
