from __future__ import annotations

import pytest

from pipeline.errors import StageError
from pipeline.events import ItemFailed, ItemFinished
from pipeline.running.outcome import Outcome, describe, of_failed, of_finished, told


def test_seconds_saved_come_back_from_the_share_of_what_full_processing_would_have_taken() -> None:
    event = ItemFinished(
        "lightweight", "news", 0.71, 4.0, time_saved_pct=0.75, bypass_reason="low_quality", item_id="ab"
    )
    found = of_finished("a.srt", event)
    assert found.time_saved_seconds == pytest.approx(12.0)  # 4 of 16
    assert (found.processing_type, found.quality, found.reason, found.item_id) == (
        "lightweight",
        0.71,
        "low_quality",
        "ab",
    )
    assert not found.failed


def test_the_log_is_told_everything_that_matters_to_three_places() -> None:
    event = ItemFinished("lightweight", "news", 0.71239, 4.00051, time_saved_pct=0.75, bypass_reason="low_quality",
                         coherence=0.5, item_id="ab")  # fmt: skip
    assert told(event) == {
        "item_id": "ab", "processing_type": "lightweight", "content_type": "news", "quality_score": 0.712,
        "processing_time": 4.001, "time_saved_pct": 0.75, "checkpoint": None, "reason": "low_quality",
    }  # fmt: skip
    left = told(ItemFinished("early_exit", exit_checkpoint="post_download", exit_reason="too_short", item_id="cd"))
    assert (left["checkpoint"], left["reason"], left["content_type"]) == ("post_download", "too_short", None)


@pytest.mark.parametrize(("share", "spent"), [(None, 4.0), (0.5, None), (None, None)])
def test_without_a_share_or_a_time_nothing_is_claimed(share: float | None, spent: float | None) -> None:
    event = ItemFinished("full", processing_time=spent, time_saved_pct=share)
    assert of_finished("a", event).time_saved_seconds is None


def test_an_exit_names_its_checkpoint_reason_and_confidence() -> None:
    event = ItemFinished("early_exit", exit_checkpoint="post_download", exit_reason="too_short", exit_confidence=0.93)
    found = of_finished("a", event)
    assert (found.checkpoint, found.reason, found.confidence) == ("post_download", "too_short", 0.93)


def test_a_failed_item_has_its_stage_and_its_error_and_no_way() -> None:
    event = ItemFailed("transcription", "corrupt", "news", item_id="cd")
    found = of_failed("a.mp3", event, StageError("corrupt", "a.mp3 is\n truncated"))
    assert found == Outcome(
        "a.mp3", content_type="news", failed_stage="transcription", error="corrupt: a.mp3 is truncated", item_id="cd"
    )
    assert found.failed


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (StageError("timeout", "took longer than 300 s"), "timeout: took longer than 300 s"),
        (FileNotFoundError(2, "No such file", "a"), "not_found: [Errno 2] No such file: 'a'"),
        (ZeroDivisionError("a\nbug"), "internal: ZeroDivisionError: a bug"),
        (KeyError(), "internal: KeyError: KeyError"),
        (TimeoutError(), "timeout: TimeoutError"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_an_error_is_one_line_with_its_kind(error: BaseException, said: str) -> None:
    assert describe(error) == said
