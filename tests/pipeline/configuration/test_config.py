from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.configuration.config import Config, load_config
from pipeline.configuration.flags import Flags
from pipeline.errors import ConfigError
from pipeline.settings import Secret

REPOSITORY = Path(__file__).parents[3]


def _write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder


def _refusal(folder: Path, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(folder, environ)
    return str(caught.value)


def test_the_committed_files_say_what_is_built_in() -> None:
    assert load_config(REPOSITORY / "config").hash() == Config().hash()


def test_all_shortcuts_are_off_by_default() -> None:
    assert load_config().flags == Flags(False, False, False, False)


def test_environment_beats_profile_beats_file_beats_built_in(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "quality_filtering.yaml",
        "thresholds: {min_overall: 0.5, min_coherence: 0.41, min_completeness: 0.42}",
    )
    config = load_config(tmp_path, {"PIPEMETER_PROFILE": "aggressive", "QUALITY_MIN_COHERENCE": "0.43"})
    thresholds = config.thresholds
    assert (thresholds.min_overall, thresholds.min_coherence) == (0.60, 0.43)
    assert (thresholds.min_completeness, thresholds.min_informativeness) == (0.42, 0.60)
    assert config.origins["thresholds.min_overall"] == "profile aggressive"
    assert config.origins["thresholds.min_coherence"] == "environment QUALITY_MIN_COHERENCE"
    assert config.origins["thresholds.min_completeness"].endswith("quality_filtering.yaml:1")
    assert "thresholds.min_informativeness" not in config.origins


def test_the_shadow_rate_says_where_it_comes_from(tmp_path: Path) -> None:
    _write(tmp_path, "pipeline.yaml", "shadow_seed: 7\nshadow_rate: 0.02\n")
    config = load_config(tmp_path)
    assert (config.shadow_rate, config.shadow_seed) == (0.02, 7)
    assert config.origins["shadow_rate"].endswith("pipeline.yaml:2")
    config = load_config(tmp_path, {"SHADOW_RATE": "0.03"})
    assert (config.shadow_rate, config.origins["shadow_rate"]) == (0.03, "environment SHADOW_RATE")
    assert Config().shadow_rate == 0
    assert "SHADOW_RATE: much: expected a number from 0 to 1" in _refusal(tmp_path, SHADOW_RATE="much")


def test_the_command_lines_profile_beats_that_of_the_environment() -> None:
    config = load_config(None, {"PIPEMETER_PROFILE": "aggressive"}, profile="conservative")
    assert config.thresholds.min_overall == 0.70
    assert {point.min_confidence for point in config.checkpoints.values()} == {0.85}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("quality_filtering.yaml", "thresholds:\n  min_overal: 0.7\n", "yaml:2: thresholds.min_overal: 0.7: .*`min_overall`"),
        ("quality_filtering.yaml", "thresholds:\n  min_overall: 1.7\n", "yaml:2: .*1.7: expected a number from 0 to 1"),
        ("quality_filtering.yaml", "thresholds:\n  min_overall: high\n", "'high': expected a number from 0 to 1"),
        ("quality_filtering.yaml", "thresholds:\n  min_overall: true\n", "True: expected a number from 0 to 1"),
        ("quality_filtering.yaml", "thresholds: [1]\n", "yaml:1: thresholds: .*a mapping"),
        ("quality_filtering.yaml", "limits: {}\n", "a known section, one of: thresholds"),
        ("content_routing.yaml", "content_types:\n  news: {priority: urgent}\n", "one of: high, medium, low"),
        ("content_routing.yaml", "default_routing: {default_mode: quick}\n", "one of: full, lightweight, quality_check"),
        ("content_routing.yaml", "custom_types: {review: {priority: low}}\n", "`examples`"),
        ("content_routing.yaml", "custom_types: {news: {examples: [a]}}\n", "a name of its own"),
        ("early_exit.yaml", "checkpoints:\n  post_dwnload: {}\n", "`post_download`"),
        ("early_exit.yaml", "checkpoints:\n  post_download:\n    min_confidence: -1\n", "yaml:3: .*0 to 1"),
        ("early_exit.yaml", "checkpoints: {post_download: {conditions: ['duration < 3']}}", "`duration_seconds`"),
        ("early_exit.yaml", "checkpoints: {post_download: {conditions: ['duration_seconds <']}}", "a CEL expression"),
        ("early_exit.yaml", "checkpoints: {post_download: {conditions: ['coherence < 0.3']}}", "from post_quality_filtering on"),
        ("early_exit.yaml", "checkpoints: {post_download: {conditions: [{if: x}]}}", "`when`"),
        ("pipeline.yaml", "download: {max_bytes: 0}\n", "int >= 1"),
        ("pipeline.yaml", "label_caps: {content_typ: 3}\n", "`content_type`"),
        ("pipeline.yaml", "memory: {qdrant_api_key: abc}\n", r"yaml:1: memory.qdrant_api_key: \(not shown\): .*from the environment alone$"),
        ("pipeline.yaml", "download: {}\nshadow_rate: 2\n", "yaml:2: shadow_rate: 2: expected a number from 0 to 1"),
        ("pipeline.yaml", "shadow_rate: true\n", "shadow_rate: True: expected a number from 0 to 1"),
        ("pipeline.yaml", "shadow_seed: -1\n", "shadow_seed: -1: expected int >= 0"),
        ("pipeline.yaml", "shadow_rat: 0.1\n", "`shadow_rate`"),
        ("models.yaml", "llm: {base_url: 5}\n", "str"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_place_value_and_expectation(
    tmp_path: Path, name: str, text: str, expected: str
) -> None:
    folder = _write(tmp_path, name, text)
    with pytest.raises(ConfigError, match=expected):
        load_config(folder)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    _write(tmp_path, "quality_filtering.yaml", "thresholds: {min_overall: 2, min_coherence: 3}")
    refusal = _refusal(tmp_path, ENABLE_EARLY_EXIT="maybe", QUALITY_MIN_OVERALL="much", PIPEMETER_PROFILE="fast")
    assert len(refusal.splitlines()) == 5
    assert "environment: ENABLE_EARLY_EXIT: maybe: expected true or false" in refusal


def test_a_condition_may_carry_a_short_reason(tmp_path: Path) -> None:
    text = (
        "checkpoints: {post_download: {conditions: [{when: size_bytes < 9, reason: tiny}, 'duration_seconds  < 60']}}"
    )
    config = load_config(_write(tmp_path, "early_exit.yaml", text))
    reasons = config.known_values().pairs["pipeline_early_exits_total", "reason"]
    assert reasons["post_download"] == ("tiny", "duration_seconds < 60")


def test_custom_types_become_known_label_values(tmp_path: Path) -> None:
    text = "custom_types: {review: {examples: [the battery lasts two days], processing_mode: full}}"
    config = load_config(_write(tmp_path, "content_routing.yaml", text))
    assert config.custom_types() == {"review": ("the battery lasts two days",)}
    assert "review" in config.known_values().values["content_type"]
    assert config.routing.of("entertainment").processing_mode == "lightweight"


def test_the_hash_follows_what_decides_and_nothing_else(tmp_path: Path) -> None:
    assert load_config(None, {"CONFIG_VERSION": "b", "DISCORD_WEBHOOK_URL": "x"}).hash() == Config().hash()
    assert load_config(None, {"SHADOW_RATE": "0.5"}).hash() == Config().hash()  # no outcome depends on it
    assert load_config(None, {"ENABLE_EARLY_EXIT": "1"}).hash() != Config().hash()
    assert load_config(None, {"QUALITY_MIN_OVERALL": "0.1"}).hash() != Config().hash()


def test_a_secret_is_never_printed() -> None:
    config = load_config(None, {"LLM_API_KEY": "sesame", "DISCORD_WEBHOOK_URL": "https://hook/sesame"})
    assert "sesame" not in repr(config) + str(config)
    assert config.llm.api_key.reveal() == "sesame"
    assert repr(Secret()) == "Secret(unset)"


@pytest.mark.parametrize("name", ["LLM_API_KEY", "QDRANT_API_KEY", "DISCORD_WEBHOOK_URL"])
def test_a_secret_is_taken_as_it_is_and_refused_only_for_control_characters(tmp_path: Path, name: str) -> None:
    load_config(None, {name: "a $b #c 'd' \"e\""})
    assert _refusal(tmp_path, **{name: "sesame\n"}) == (
        f"environment: {name}: (not shown): expected one line without control characters"
    )
