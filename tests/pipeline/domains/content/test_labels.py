from __future__ import annotations

from typing import get_args

from pipeline.domains.content.events import PROCESSING_TYPES, SKIP_DECISIONS, SKIP_VERDICTS
from pipeline.domains.content.labels import DIMENSIONS, LABELS
from pipeline.errors import ERROR_TYPES
from pipeline.item import Dimension


def test_labels_that_events_spell_out_have_exactly_their_values() -> None:
    values = {label.name: (label.values, label.cap) for label in LABELS}
    assert values["processing_type"] == (PROCESSING_TYPES, 0)
    assert values["decision"] == (SKIP_DECISIONS, 0)
    assert values["verdict"] == (SKIP_VERDICTS, 0)
    assert set(values["error_type"][0]) == set(ERROR_TYPES)


def test_scores_and_their_metrics_have_the_same_dimensions() -> None:
    assert get_args(Dimension) == DIMENSIONS


def test_an_example_is_a_value_that_may_be() -> None:
    assert [
        label.name for label in LABELS if label.example and label.values and label.example not in label.values
    ] == []
