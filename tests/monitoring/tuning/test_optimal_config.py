"""What `tune --write` makes is a configuration that means what was recommended, with the reasons as comments."""

from __future__ import annotations

from pathlib import Path

import msgspec

from monitoring.tuning.optimal_config import optimal_config
from monitoring.tuning.recommendation import Expectation, ModeAdvice, Recommendation, Tuning
from pipeline.configuration.config import Config, load_config
from pipeline.settings import LlmSettings, Secret

EXPECTED = Expectation(900, (0.61, 0.67), 0.78, (0.77, 0.79), (0.5, 0.6))


def advice(threshold: str, recommended: float, reason: str = "because") -> Recommendation:
    return Recommendation(threshold, 0.5, recommended, (0.61, 0.67), 0.78, (0.5, 0.6), 321, reason)


def tuning(*found: Recommendation, modes: tuple[ModeAdvice, ...] = (), caveats: tuple[str, ...] = ()) -> Tuning:
    return Tuning(True, list(caveats), list(found), "the bypass rate nearest to 0.65", "blue", 900, ["news"], None, EXPECTED,
                  list(modes))  # fmt: skip


def written(tmp_path: Path, found: Tuning, base: Config | None = None) -> tuple[str, Config]:
    path = tmp_path / "new.yaml"
    path.write_text(optimal_config(found, base or load_config(None)))
    return path.read_text(), load_config(path)


def test_what_was_recommended_is_in_force_and_the_rest_stays_as_it_was(tmp_path: Path) -> None:
    found = tuning(advice("min_overall", 0.71), advice("post_download_min_confidence", 0.9125))
    _, config = written(tmp_path, found)
    base = load_config(None)
    assert config.thresholds == msgspec.structs.replace(base.thresholds, min_overall=0.71)
    assert config.checkpoints["post_download"].min_confidence == 0.9125
    assert config.checkpoints["post_analysis"].min_confidence == base.checkpoints["post_analysis"].min_confidence
    for name, point in base.checkpoints.items():
        then = [(c.condition.source, c.reason) for c in config.checkpoints[name].conditions]
        assert then == [(c.condition.source, c.reason) for c in point.conditions]
    assert config.routing == base.routing


def test_each_value_has_its_reason_beside_it_and_the_head_says_what_is_expected(tmp_path: Path) -> None:
    text, _ = written(tmp_path, tuning(advice("min_overall", 0.71, "nearer to the goal"), caveats=("few items",)))
    assert "  # was 0.5: nearer to the goal (321 samples)\n  min_overall: 0.71\n" in text
    assert "# Seen: 900 items of news under `blue`." in text
    assert "bypass rate 0.61 to 0.67, mean quality of kept items 0.78, time savings 0.50 to 0.60" in text
    assert "# Caveat: few items" in text


def test_no_text_from_outside_gets_out_of_its_comment(tmp_path: Path) -> None:
    hostile = "x\nthresholds: {min_overall: 0.01}\r\u2028evil: true"
    text, config = written(tmp_path, tuning(advice("min_overall", 0.71, hostile), caveats=(hostile,)))
    assert config.thresholds.min_overall == 0.71
    assert all(line.lstrip().startswith("#") for line in text.splitlines() if "evil" in line)


def test_a_mode_that_was_advised_is_taken_with_its_reason(tmp_path: Path) -> None:
    modes = (ModeAdvice("news", "quality_check", "lightweight", 80, "hardly any is worth the check"),)
    text, config = written(tmp_path, tuning(modes=modes))
    assert config.routing.of("news").processing_mode == "lightweight"
    assert config.routing.of("education").processing_mode == "quality_check"
    assert "    # was quality_check: hardly any is worth the check\n    processing_mode: lightweight" in text


def test_types_of_ones_own_keep_their_examples(tmp_path: Path) -> None:
    (tmp_path / "content_routing.yaml").write_text(
        'custom_types:\n  "bee: keeping": {examples: ["the queen: lays", "#hive"]}\n'
    )
    _, config = written(tmp_path, tuning(), load_config(tmp_path))
    assert config.custom_types() == {"bee: keeping": ("the queen: lays", "#hive")}


def test_what_files_say_otherwise_than_built_in_is_kept_and_what_the_environment_says_is_not(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(
        "download: {max_bytes: 1234}\nshadow_rate: 0.04\nlabel_caps: {content_type: 33}\n"
    )
    base = load_config(tmp_path, {"LLM_MODEL": "large", "LLM_API_KEY": "sesame"})
    text, config = written(tmp_path, tuning(), base)
    assert (config.download.max_bytes, config.shadow_rate, config.label_caps) == (1234, 0.04, {"content_type": 33})
    assert config.llm == LlmSettings()
    assert "sesame" not in text
    assert base.llm.api_key == Secret("sesame")


_EXPECTED = Expectation(900, (0.5, 0.6), 0.7, (0.6, 0.8), (0.4, 0.5))


def test_what_the_configuration_left_out_on_purpose_is_left_out_by_the_file_too(tmp_path: Path) -> None:
    (tmp_path / "early_exit.yaml").write_text(
        "checkpoints: {post_analysis: null, post_download: {conditions: []}, post_transcription: {min_confidence: 0.9}}"
    )
    (tmp_path / "content_routing.yaml").write_text("content_types: {news: null, talk: {processing_mode: full}}")
    base = load_config(tmp_path)
    path = tmp_path / "new.yaml"
    path.write_text(optimal_config(Tuning(True, [], [], "a goal", expected=_EXPECTED), base))
    assert load_config(path).hash() == base.hash()


def test_a_mode_recommended_for_a_type_that_was_left_out_brings_it_back(tmp_path: Path) -> None:
    (tmp_path / "content_routing.yaml").write_text("content_types: {news: null}")
    advice = ModeAdvice("news", "quality_check", "lightweight", 300, "it is poor")
    tuning = Tuning(True, [], [], "a goal", expected=_EXPECTED, modes=[advice])
    path = tmp_path / "new.yaml"
    path.write_text(optimal_config(tuning, load_config(tmp_path)))
    assert load_config(path).routing.of("news").processing_mode == "lightweight"
