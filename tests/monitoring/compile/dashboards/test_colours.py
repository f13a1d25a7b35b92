"""The colours of a label's values."""

from __future__ import annotations

import pytest

from monitoring.compile.dashboards.colours import colours_of
from monitoring.targets.targets import Targets
from pipeline.domains.content.labels import STAGES

TARGETS = Targets()


def test_values_take_colours_in_their_order_and_what_is_unsaid_is_grey() -> None:
    found = colours_of("checkpoint", TARGETS, {})
    assert list(found.items())[:2] == [("post_download", "blue"), ("post_transcription", "orange")]
    assert (found["unspecified"], found["other"]) == ("#8e8e8e", "#8e8e8e")
    assert set(STAGES) < set(colours_of("pipeline_stage", TARGETS, {}))


def test_content_types_are_those_of_the_configuration() -> None:
    found = colours_of("content_type", Targets(content_types=("poems", "letters")), {})
    assert list(found) == ["poems", "letters", "unspecified", "other"]


def test_colours_that_mean_something_are_the_domains_own() -> None:
    own = {"decision": {"early_exit": "purple"}}
    assert colours_of("decision", TARGETS, own) == {"early_exit": "purple"}


def test_a_label_without_known_values_leaves_the_choice_to_grafana() -> None:
    assert colours_of("config_version", TARGETS, {}) == {}


def test_a_label_that_no_metric_has_is_refused() -> None:
    with pytest.raises(LookupError, match="'colour' stands on no metric"):
        colours_of("colour", TARGETS, {})


def test_more_values_than_colours_begin_again() -> None:
    many = Targets(content_types=tuple(f"t{n}" for n in range(14)))
    found = colours_of("content_type", many, {})
    assert (found["t12"], found["t13"]) == (found["t0"], found["t1"])
