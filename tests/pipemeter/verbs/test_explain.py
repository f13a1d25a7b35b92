from __future__ import annotations

from pathlib import Path

from tests.pipemeter.conftest import ALL_ON, REPOSITORY, Pipemeter

SAMPLES = REPOSITORY / "samples"


def test_sources_are_explained_in_order_and_nothing_is_written(pipemeter: Pipemeter, tmp_path: Path) -> None:
    sources = [SAMPLES / "news/rail-works.wav", SAMPLES / "broken/truncated.mp4", SAMPLES / "news/election-count.vtt"]
    done = pipemeter("explain", *sources, "--json", **ALL_ON)
    assert done.code == 3
    lines = done.lines()
    assert [line["source"] for line in lines] == [str(source) for source in sources]
    assert not (tmp_path / "state").exists()
    short, broken, good = lines
    assert (short["processing_type"], good["processing_type"], broken["processing_type"]) == (
        "early_exit",
        "full",
        None,
    )
    assert (broken["failed_stage"], broken["quality"]) == ("download", None)


def test_every_stage_up_to_assessment_is_run_although_the_item_would_leave(pipemeter: Pipemeter) -> None:
    line = pipemeter("explain", SAMPLES / "news/rail-works.wav", "--json", **ALL_ON).lines()[0]
    assert set(line["quality"]) == {"overall", "coherence", "completeness", "informativeness"}
    assert all(0 <= score <= 1 for score in line["quality"].values())
    assert 0 <= line["content_type_confidence"] <= 1
    decisions = [decision.get("checkpoint", decision["decision"]) for decision in line["decisions"]]
    assert decisions == [
        "post_download",
        "post_transcription",
        "content_routing",
        "quality_filter",
        "post_quality_filtering",
    ]
    left = line["decisions"][0]
    assert (left["would_leave"], left["leaves"], left["reason"]) == (True, True, "too_short")
    assert (
        left["candidates"][0]["confidence"] == left["candidates"][0]["reliability"] * left["candidates"][0]["clarity"]
    )
    assert 30 < line["facts"]["duration_seconds"] < 60


def test_with_the_switches_off_it_says_where_the_item_would_have_left(pipemeter: Pipemeter) -> None:
    line = pipemeter("explain", SAMPLES / "news/rail-works.wav", "--json").lines()[0]
    assert line["processing_type"] == "full"
    assert (line["decisions"][0]["would_leave"], line["decisions"][0]["leaves"]) == (True, False)


def test_every_threshold_says_where_it_comes_from(pipemeter: Pipemeter) -> None:
    line = pipemeter("explain", SAMPLES / "news/election-count.vtt", "--json", "--profile", "aggressive").lines()[0]
    thresholds = line["decisions"][3]["thresholds"]
    assert thresholds["min_overall"] == {"value": 0.60, "origin": "profile aggressive"}
    assert thresholds["min_coherence"] == {"value": 0.60, "origin": "built-in"}


def test_it_says_whether_the_item_is_in_the_shadow_sample(pipemeter: Pipemeter) -> None:
    source = SAMPLES / "odd/two-cues.srt"
    line = pipemeter("explain", source, "--json", **ALL_ON).lines()[0]
    assert line["shadow"] == {
        "rate": {"value": 0.0, "origin": "built-in"}, "seed": {"value": 0, "origin": "built-in"}, "chosen": False,
    }  # fmt: skip
    out = pipemeter("explain", source, SHADOW_RATE="1", **ALL_ON).out
    assert "shadow sample: rate 1 (environment SHADOW_RATE), the item is in it if it is skipped" in out


def test_a_person_can_read_it(pipemeter: Pipemeter) -> None:
    out = pipemeter("explain", SAMPLES / "news/rail-works.wav", **ALL_ON).out
    assert "duration_seconds < 60: 1.00 x 1.00 = 1.00; needs 0.85" in out
    assert "goes: early_exit" in out
