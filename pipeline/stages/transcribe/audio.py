"""Sound out of media files, as the recogniser wants it: 16 kHz, one channel, in blocks that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.errors import StageError
from pipeline.stages.download.media import opened_media, sound_streams

RATE = 16_000
BLOCK_SECONDS = 600  # 38 MB of samples; a film of four hours in one piece would be nearly a gigabyte
SEARCH_SECONDS = 15  # a block ends at the quietest place among its last seconds
MIN_DECODED = 0.5  # share of the packets that must be decodable
_QUIET_WINDOW = RATE // 5

Samples = np.ndarray[Any, np.dtype[np.float32]]


def blocks(path: Path, block_seconds: float = BLOCK_SECONDS, *, track: int = 1) -> Iterator[tuple[float, Samples]]:
    """Yield (start in seconds, samples -1..1) for one stretch of sound after another, of one of its sound tracks.

    Raises `empty` when there is no sound track, `corrupt` when more than half of it cannot be decoded.
    """
    size = int(block_seconds * RATE)
    pending = np.empty(0, dtype=np.int16)
    done = 0
    for piece in _pieces(path, size, track):
        pending = np.concatenate((pending, piece))
        while len(pending) > size:
            cut = _quiet_place(pending[:size])
            yield done / RATE, _scaled(pending[:cut])
            pending, done = pending[cut:], done + cut
    if len(pending):
        yield done / RATE, _scaled(pending)


def _pieces(path: Path, size: int, track: int) -> Iterator[np.ndarray[Any, np.dtype[np.int16]]]:
    """Gather decoded frames into pieces of about a tenth of a block: adding them up one by one would be quadratic."""
    gathered: list[Any] = []
    count = 0
    for samples in _decoded(path, track):
        gathered.append(samples)
        count += len(samples)
        if count >= max(RATE, size // 10):
            yield np.concatenate(gathered)
            gathered, count = [], 0
    if gathered:
        yield np.concatenate(gathered)


def _decoded(path: Path, track: int) -> Iterator[Any]:
    import av

    good = bad = 0
    with opened_media(path) as container:
        sounds = sound_streams(container)
        if not sounds:
            raise StageError("empty", f"{path.name} has no sound")
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        for packet in container.demux(sounds[min(track, len(sounds)) - 1]):
            try:
                frames = packet.decode()
                good += 1
            except av.error.FFmpegError:
                bad += 1
                continue
            for frame in frames:
                yield from _resampled(resampler, frame)
        yield from _resampled(resampler, None)
    if bad > (1 - MIN_DECODED) * (good + bad):
        raise StageError("corrupt", f"most of the sound of {path.name} is damaged")


def _resampled(resampler: Any, frame: Any) -> Iterator[Any]:
    if frame is not None:
        frame.pts = None  # gaps in the time stamps are not filled, the recogniser hears what is there
    for out in resampler.resample(frame):
        yield out.to_ndarray()[0]


def _quiet_place(samples: np.ndarray[Any, Any]) -> int:
    """Return where to cut: the middle of the quietest fifth of a second near the end, not inside a word."""
    start = max(0, len(samples) - SEARCH_SECONDS * RATE)
    windows = (len(samples) - start) // _QUIET_WINDOW
    if windows < 2:
        return len(samples)
    tail = samples[start : start + windows * _QUIET_WINDOW].astype(np.float32).reshape(windows, _QUIET_WINDOW)
    return start + int(np.argmin(np.square(tail).mean(axis=1))) * _QUIET_WINDOW + _QUIET_WINDOW // 2


def _scaled(samples: np.ndarray[Any, Any]) -> Samples:
    return samples.astype(np.float32) / 32768.0
