"""Media files with several sound tracks, made with PyAV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np

RATE = 16_000
Samples = np.ndarray[Any, Any]


def write_tracks(
    path: Path, tracks: Sequence[Samples], *, default: int | None = None, languages: Sequence[str] = ()
) -> Path:
    """Write each track's samples (-1..1, 16 kHz); the container follows from the name. `default`: index, else all are."""
    flags = av.stream.Disposition
    with av.open(str(path), "w") as container:
        streams: list[Any] = [container.add_stream("aac", rate=RATE, layout="mono") for _ in tracks]
        for index, stream in enumerate(streams):
            stream.disposition = flags.default if default in (None, index) else flags(0)
            if languages:
                stream.metadata["language"] = languages[index]
        for start in range(0, max(map(len, tracks)), 1024):
            for stream, samples in zip(streams, tracks, strict=True):
                piece = samples[start : start + 1024].astype(np.float32)
                if len(piece):
                    frame = av.AudioFrame.from_ndarray(piece[None], format="fltp", layout="mono")
                    frame.sample_rate, frame.pts = RATE, start
                    container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    return path


def tone(seconds: float, loudness: float = 0.3) -> Samples:
    """Return a tone, silence for a loudness of 0."""
    return loudness * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE)


def decoded(path: Path) -> Samples:
    """Return the first sound track of a file at 16 kHz, one channel, -1..1."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(str(path)) as container:
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])
