from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.settings import TranscriptionSettings
from pipeline.stages.transcribe import Transcriber

SAMPLES = Path(__file__).parents[4] / "samples"


@pytest.fixture(scope="session")
def speech_file() -> Path:
    """A short recording of English speech from the repository's own samples."""
    return min(SAMPLES.rglob("*.wav"), key=lambda path: path.stat().st_size)


@pytest.fixture(scope="session")
def transcriber() -> Transcriber:
    """One for all tests: its weights are loaded once."""
    return Transcriber(TranscriptionSettings(threads=2))


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sounds that are no speech."""
    folder = tmp_path_factory.mktemp("sounds")
    times = np.arange(20 * 16_000) / 16_000
    tone = 0.3 * np.sin(2 * np.pi * 440 * times)
    _write(folder / "silence.wav", np.zeros_like(tone), 16_000)
    _write(folder / "tone.wav", tone, 16_000)
    _write(folder / "tone-44100.flac", 0.3 * np.sin(2 * np.pi * 440 * np.arange(20 * 44_100) / 44_100), 44_100)
    _write(folder / "pause.wav", np.where((times > 8.9) & (times < 9.3), 0.0, tone), 16_000)
    with av.open(str(folder / "mute.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), dtype=np.uint8), format="rgb24")
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return folder


def _write(path: Path, samples: np.ndarray[Any, Any], rate: int) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("flac" if path.suffix == ".flac" else "pcm_s16le", rate=rate)
        stream.layout, stream.format = "mono", "s16"
        size = stream.frame_size or 4096
        for start in range(0, len(samples), size):
            data = (samples[start : start + size][None] * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(data, format="s16", layout="mono")
            frame.sample_rate, frame.pts = rate, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
