"""The file that `tune --write` makes says everything that decisions depend on, what is not there too."""

from __future__ import annotations

from pathlib import Path

from monitoring.tuning.optimal_config import optimal_config
from monitoring.tuning.recommendation import Expectation, ModeAdvice, Tuning
from pipeline.configuration.config import load_config

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
