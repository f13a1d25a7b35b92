from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.configuration.config import load_config
from pipeline.decisions.early_exit import greatest_confidence
from tests.pipemeter.conftest import Pipemeter


def test_the_doctor_finds_a_healthy_installation(pipemeter: Pipemeter) -> None:
    done = pipemeter("doctor", "--json", DISCORD_WEBHOOK_URL="https://discord.test/api/webhooks/1/sesame",
                     SHADOW_RATE="0.03")  # fmt: skip
    document = done.lines()[0]
    assert done.code == 0, document
    states = {finding["check"]: finding["state"] for finding in document["findings"]}
    assert {states[stage] for stage in ("download", "transcription", "assessment", "analysis", "memory")} == {"ok"}
    assert states["prometheus"] == "off"
    values = {row["key"]: row for row in document["configuration"]}
    assert values["thresholds.min_overall"] == {"key": "thresholds.min_overall", "value": 0.65, "origin": "built-in"}
    assert values["shadow_rate"] == {"key": "shadow_rate", "value": 0.03, "origin": "environment SHADOW_RATE"}
    assert "sesame" not in done.out


def test_the_doctor_says_how_to_mend_missing_weights(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "models.yaml").write_text("transcription: {model_dir: /nowhere/at/all}\n")
    done = pipemeter("doctor")
    assert done.code == 1
    assert "/nowhere/at/all" in done.out
    assert "mend:" in done.out


def test_the_doctor_tells_of_a_checkpoint_that_nothing_can_pass(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "early_exit.yaml").write_text(
        "checkpoints:\n"
        "  post_analysis: {min_confidence: 0.95}\n"
        "  post_transcription: {conditions: [transcript_words < 40, transcript_confidence < 0.05]}\n"
    )
    found = {f["check"]: f for f in pipemeter("doctor", "--json").lines()[0]["findings"]}
    assert found["post_analysis"] == {
        "check": "post_analysis",
        "state": "warning",
        "detail": "no item can leave here: `claims == 0` reaches 0.92 at most, 0.95 is asked for (config/early_exit.yaml:2)",
        "mend": "lower checkpoints.post_analysis.min_confidence, or change the condition",
    }
    assert found["post_transcription"]["detail"].startswith(
        "some conditions let no item leave: `transcript_confidence < 0.05` reaches 0.62 at most, 0.8 is asked for"
    )
    assert not {"post_download", "post_quality_filtering"} & set(found)
    with_model = pipemeter("doctor", "--json", LLM_BASE_URL="http://127.0.0.1:9")
    assert "post_analysis" not in {f["check"] for f in with_model.lines()[0]["findings"]}


@pytest.mark.parametrize("profile", ["conservative", "balanced", "aggressive", None])
def test_under_every_profile_every_checkpoint_can_be_passed(profile: str | None) -> None:
    for point in load_config(None, profile=profile).checkpoints.values():
        for condition in point.conditions:
            assert greatest_confidence(condition) >= point.min_confidence, (point.name, condition.reason)
