from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from pipeline.configuration.config import Config
from pipeline.errors import StageError
from pipeline.settings import TranscriptionSettings
from pipemeter import trials


@pytest.mark.parametrize(
    ("stage", "said"),
    [("download", "an article of 96 words and a feed read"), ("transcription", "0 words heard"),
     ("assessment", "taken for news"), ("analysis", "keywords and")],
)  # fmt: skip
def test_a_stage_says_what_it_made_of_something_small(stage: str, said: str, tmp_path: Path) -> None:
    assert said in trials.STAGES[stage](Config(), tmp_path)


def test_a_memory_is_tried_beside_the_real_one(tmp_path: Path) -> None:
    assert trials.memory(tmp_path) == "a text kept and found again"
    assert (tmp_path / "memory.sqlite").is_file()


def test_weights_that_are_not_there_are_said_with_their_place(tmp_path: Path) -> None:
    elsewhere = msgspec.structs.replace(Config(), transcription=TranscriptionSettings(model_dir="/nowhere/at/all"))
    with pytest.raises(StageError, match="/nowhere/at/all"):
        trials.transcription(elsewhere, tmp_path)
