from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import NullRecorder, Recorder
from pipeline.configuration.config import Config
from pipeline.events import ItemFinished


def test_recording_nowhere_is_possible() -> None:
    recorder: Recorder = NullRecorder()
    recorder.record(ItemFinished("full"))
    recorder.close()
    assert not recorder.enabled


def test_the_configuration_is_read_when_a_decision_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "pipeline.yaml").write_text("shadow_rate: 0.25\n")
    monkeypatch.chdir(tmp_path)
    recorder = NullRecorder()
    assert recorder.config.shadow_rate == 0.25
    given = Config()
    assert NullRecorder(given).config is given
