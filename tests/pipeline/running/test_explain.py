from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pipeline.configuration.config import Config, load_config
from pipeline.errors import StageError
from pipeline.item import Scores, Source
from pipeline.running.explain import explain
from tests.pipeline.running.given import ASSESSMENT, FETCHED, Given

ON = load_config(None, {"ENABLE_QUALITY_FILTERING": "1", "ENABLE_CONTENT_ROUTING": "1", "ENABLE_EARLY_EXIT": "1"})
OFF = load_config()
SHORT = msgspec.structs.replace(FETCHED, duration_seconds=10.0)
POOR = msgspec.structs.replace(ASSESSMENT, scores=Scores(0.61, 0.82, 0.59, 0.84))


def explained(toolbox: Given, config: Config = ON) -> dict[str, Any]:
    return explain(Source("a.mp4"), toolbox, config)


def decision(answer: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(d for d in answer["decisions"] if name in (d.get("checkpoint"), d["decision"]))
    return found


def test_a_good_item_goes_the_whole_way_and_every_decision_says_so() -> None:
    found = explained(Given())
    assert (found["processing_type"], found["content_type"]) == ("full", "news")
    assert [d["leaves"] for d in found["decisions"]] == [False] * 5
    assert found["quality"] == {"overall": 0.81, "coherence": 0.82, "completeness": 0.83, "informativeness": 0.84}
    assert (found["facts"]["overall_quality"], found["reliability"]["overall_quality"]) == (0.81, 0.95)


def test_a_poor_item_is_bypassed_with_its_margin_and_the_dimensions_that_failed() -> None:
    found = explained(Given(assessment=POOR))
    assert found["processing_type"] == "lightweight"
    told = decision(found, "quality_filter")
    assert (told["leaves"], told["reason"], told["failed"]) == (True, "low_quality", ["overall", "completeness"])
    assert told["margin"] == pytest.approx(-0.04)
    assert told["thresholds"]["min_overall"] == {"value": 0.65, "origin": "built-in"}


def test_with_its_flag_off_a_decision_says_what_it_would_do_and_does_not() -> None:
    found = explained(Given(fetched=SHORT, assessment=POOR), OFF)
    assert found["processing_type"] == "full"
    for name in ("post_download", "quality_filter"):
        told = decision(found, name)
        assert (told["enabled"], told["would_leave"], told["leaves"]) == (False, True, False)


def test_a_type_that_is_always_processed_in_full_is_not_bypassed_for_its_quality() -> None:
    talk = msgspec.structs.replace(POOR, content_type="discussion")
    found = explained(Given(assessment=talk))
    assert (found["processing_type"], decision(found, "quality_filter")["would_leave"]) == ("full", False)
    assert decision(explained(Given(assessment=talk), OFF), "quality_filter")["would_leave"]  # routing is off


def test_the_first_decision_by_which_the_item_leaves_names_its_way() -> None:
    found = explained(Given(fetched=SHORT, assessment=POOR))
    assert found["processing_type"] == "early_exit"
    assert [d.get("checkpoint", d["decision"]) for d in found["decisions"] if d["leaves"]] == [
        "post_download",
        "quality_filter",
    ]


def test_what_an_item_is_too_broken_for_is_said_with_what_was_found_until_then() -> None:
    found = explained(Given(transcript=StageError("corrupt", "no audio in it")))
    assert (found["failed_stage"], found["error"]) == ("transcription", "corrupt: no audio in it")
    assert (found["processing_type"], found["quality"], found["facts"]["size_bytes"]) == (None, None, 7000)
    nothing = explained(Given(fetched=ZeroDivisionError("a bug")))
    assert (nothing["failed_stage"], nothing["error"]) == ("download", "internal: ZeroDivisionError: a bug")
    assert (nothing["decisions"], nothing["shadow"]["chosen"]) == ([], None)


def test_an_item_that_would_have_left_before_the_stage_that_fails_did_leave() -> None:
    found = explained(Given(fetched=SHORT, transcript=StageError("corrupt", "no audio in it")))
    assert (found["failed_stage"], found["processing_type"]) == ("transcription", "early_exit")


def test_it_says_whether_the_item_is_in_the_shadow_sample() -> None:
    every = msgspec.structs.replace(ON, shadow_rate=1.0)
    assert explained(Given(), every)["shadow"]["chosen"] is True
    assert explained(Given())["shadow"] == {
        "rate": {"value": 0.0, "origin": "built-in"}, "seed": {"value": 0, "origin": "built-in"}, "chosen": False,
    }  # fmt: skip
