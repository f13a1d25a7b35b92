from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import StageError
from pipeline.stages.transcribe.audio import RATE, blocks


def test_short_sound_is_one_block_of_16_khz_samples(sounds: Path) -> None:
    ((start, samples),) = blocks(sounds / "tone-44100.flac")
    assert start == 0.0
    assert samples.dtype == np.float32
    assert len(samples) / RATE == pytest.approx(20, abs=0.05)
    assert float(np.abs(samples).max()) == pytest.approx(0.3, abs=0.02)


def test_long_sound_comes_in_blocks_that_follow_each_other(sounds: Path) -> None:
    found = list(blocks(sounds / "tone.wav", block_seconds=6))
    assert len(found) >= 4
    starts = [start for start, _ in found]
    ends = [start + len(samples) / RATE for start, samples in found]
    assert starts == pytest.approx([0.0, *ends[:-1]])
    assert ends[-1] == pytest.approx(20)
    assert max(len(samples) for _, samples in found) <= 6 * RATE


def test_a_block_ends_in_a_pause(sounds: Path) -> None:
    (_, first), *_ = blocks(sounds / "pause.wav", block_seconds=10)
    assert 8.9 < len(first) / RATE < 9.3


def test_a_film_without_sound_is_empty(sounds: Path) -> None:
    with pytest.raises(StageError, match=r"mute\.mp4 has no sound") as error:
        list(blocks(sounds / "mute.mp4"))
    assert error.value.error_type == "empty"


def test_a_damaged_stretch_is_skipped(sounds: Path, tmp_path: Path) -> None:
    data = bytearray((sounds / "tone-44100.flac").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    path = tmp_path / "scratched.flac"
    path.write_bytes(data)
    seconds = sum(len(samples) for _, samples in blocks(path)) / RATE
    assert 15 < seconds <= 20.1


def test_what_is_no_media_file_is_unsupported(tmp_path: Path) -> None:
    path = tmp_path / "words.wav"
    path.write_text("words")
    with pytest.raises(StageError) as error:
        list(blocks(path))
    assert error.value.error_type == "unsupported"
