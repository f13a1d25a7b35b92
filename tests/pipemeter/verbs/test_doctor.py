from __future__ import annotations

from pathlib import Path

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
