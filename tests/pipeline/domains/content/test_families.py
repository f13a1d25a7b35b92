from __future__ import annotations

from pipeline.domains.content.events import BYPASS_REASONS
from pipeline.domains.content.families import (
    BYPASSES,
    EARLY_EXITS,
    FAILURES,
    FAMILIES,
    QUALITY_MARGIN,
    QUALITY_SCORE,
    SHADOW_SAVINGS_ERROR,
    STAGE_ERRORS,
)


def test_every_score_edge_that_a_threshold_may_have_is_a_bucket() -> None:
    assert QUALITY_SCORE.buckets == tuple(i / 100 for i in range(5, 101, 5))
    assert QUALITY_MARGIN.buckets == tuple(i / 100 for i in range(-100, 101, 5))


def test_zero_is_an_edge_where_it_parts_too_much_from_too_little() -> None:
    assert all(0 in family.buckets for family in (QUALITY_MARGIN, SHADOW_SAVINGS_ERROR))


def test_a_reason_means_something_else_for_bypasses_and_for_exits() -> None:
    own = [family.own_label("reason") for family in (BYPASSES, EARLY_EXITS)]
    assert [label and label.values for label in own] == [BYPASS_REASONS, ()]
    assert EARLY_EXITS.pairs == {"reason": "checkpoint"}


def test_failures_are_recorded_without_their_kind_and_faults_with_it() -> None:
    assert (FAILURES.recorded.over, STAGE_ERRORS.recorded.over) == (("error_type",), ())


def test_what_a_restart_must_not_bring_back_is_the_process_and_the_configuration() -> None:
    kept = {family.name: family.kept for family in FAMILIES if family.kept != "counted"}
    assert kept == {
        "pipeline_items_in_progress": "process",
        "pipeline_last_item_timestamp_seconds": "process",
        "pipeline_feature_enabled": "config",
        "pipeline_threshold_ratio": "config",
        "pipeline_config_info": "config",
    }
