"""Files lie over the built-in values key by key, and what they change is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.configuration.config import Config, load_config
from pipeline.configuration.values import changes, flat
from pipeline.errors import ConfigError
from pipeline.settings import DownloadSettings

FOLDER = Path(__file__).parents[3] / "config"


def written(folder: Path, name: str, text: str) -> Config:
    (folder / name).write_text(text)
    return load_config(folder)


def told(config: Config, folder: Path) -> list[str]:
    return [str(change).replace(f"{folder}/", "") for change in changes(config)]


def test_one_checkpoints_confidence_alone_leaves_all_conditions_and_all_other_checkpoints(tmp_path: Path) -> None:
    found = written(tmp_path, "early_exit.yaml", "checkpoints:\n  post_download: {min_confidence: 0.9}\n")
    assert found.checkpoints.keys() == Config().checkpoints.keys()
    points = {name: (p.min_confidence, [c.reason for c in p.conditions]) for name, p in found.checkpoints.items()}
    built_in = {n: (p.min_confidence, [c.reason for c in p.conditions]) for n, p in Config().checkpoints.items()}
    assert points == built_in | {"post_download": (0.9, ["too_short", "silent"])}
    assert told(found, tmp_path) == ["checkpoints.post_download.min_confidence is 0.9, not 0.85 (early_exit.yaml:2)"]


def test_one_content_type_alone_leaves_the_others_and_its_own_other_keys(tmp_path: Path) -> None:
    found = written(tmp_path, "content_routing.yaml", "content_types:\n  entertainment: {priority: high}\n")
    assert {name: r.processing_mode for name, r in found.routing.types.items()} == {
        "discussion": "full", "news": "quality_check", "education": "quality_check", "entertainment": "lightweight",
    }  # fmt: skip
    assert found.routing.of("entertainment").priority == "high"
    assert told(found, tmp_path) == [
        "content_types.entertainment.priority is 'high', not 'low' (content_routing.yaml:2)"
    ]


def test_what_is_to_go_is_written(tmp_path: Path) -> None:
    text = "checkpoints:\n  post_download: {conditions: []}\n  post_analysis: null\n"
    found = written(tmp_path, "early_exit.yaml", text)
    assert found.checkpoints["post_download"].conditions == ()
    assert found.checkpoints["post_download"].min_confidence == 0.85
    assert list(found.checkpoints) == ["post_download", "post_transcription", "post_quality_filtering"]
    found = written(tmp_path, "content_routing.yaml", "content_types: {news: null}\n")
    assert found.routing.of("news").processing_mode == found.routing.default_mode
    assert told(found, tmp_path) == [
        "checkpoints.post_download.conditions is none, not duration_seconds < 60 (too_short); silence_ratio > 0.95 (silent) "
        "(early_exit.yaml:2)",
        "content_types.news is removed (content_routing.yaml:1)",
        "checkpoints.post_analysis is removed (early_exit.yaml:3)",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("quality_filtering.yaml", "thresholds: {min_overall: null}"),
        ("early_exit.yaml", "checkpoints: {post_download: {min_confidence: null}}"),
        ("early_exit.yaml", "checkpoints: {post_download: {conditions: null}}"),
        ("content_routing.yaml", "custom_types: {review: null}"),
        ("content_routing.yaml", "default_routing: {default_mode: null}"),
    ],
)
def test_what_cannot_go_is_not_taken_away(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"{name}:1: "):
        written(tmp_path, name, text)


@pytest.mark.parametrize("text", ["", "checkpoints:\n", "checkpoints: {}\n", "checkpoints:\n  post_download: {}\n"])
def test_an_empty_section_changes_nothing(tmp_path: Path, text: str) -> None:
    found = written(tmp_path, "early_exit.yaml", text)
    assert found.hash() == Config().hash()
    assert changes(found) == []


def test_the_files_that_ship_change_nothing() -> None:
    assert changes(load_config(FOLDER)) == []


def test_what_is_added_is_told_and_knows_where_it_comes_from(tmp_path: Path) -> None:
    text = "custom_types:\n  review: {examples: [four stars], processing_mode: full}\n"
    found = written(tmp_path, "content_routing.yaml", text)
    assert told(found, tmp_path) == ["custom_types.review is added (content_routing.yaml:2)"]
    assert flat(found)["custom_types.review.processing_mode"] == "full"
    assert found.origins["custom_types.review.processing_mode"].endswith("content_routing.yaml:2")


def test_a_value_that_a_profile_or_the_environment_overrules_is_not_told_as_the_files_doing(tmp_path: Path) -> None:
    (tmp_path / "quality_filtering.yaml").write_text("thresholds: {min_overall: 0.7, min_coherence: 0.5}\n")
    found = load_config(tmp_path, {"PIPEMETER_PROFILE": "aggressive", "QUALITY_MIN_COHERENCE": "0.4"})
    assert changes(found) == []


def test_every_kind_of_setting_is_compared(tmp_path: Path) -> None:
    text = "download: {attempts: 7}\nlabel_caps: {content_type: 9}\nshadow_rate: 0.1\nmemory: {path: /x}\n"
    found = written(tmp_path, "pipeline.yaml", text)
    assert found.download == DownloadSettings(attempts=7)
    assert told(found, tmp_path) == [
        "shadow_rate is 0.1, not 0.0 (pipeline.yaml:3)",
        "download.attempts is 7, not 3 (pipeline.yaml:1)",
        "memory.path is '/x', not none (pipeline.yaml:4)",
        "label_caps.content_type is 9, not none (pipeline.yaml:2)",
    ]


def test_of_an_address_only_the_host_is_told(tmp_path: Path) -> None:
    found = written(tmp_path, "pipeline.yaml", "memory: {qdrant_url: 'http://me:sesame@host/secret'}\n")
    assert "sesame" not in str(changes(found)[0])
