"""Silence, estimated from short samples: cheap enough to be known before anything is transcribed."""

from __future__ import annotations

from typing import Any

import numpy as np

SILENCE_RMS = 10 ** (-40 / 20)  # -40 dBFS: speech lies 15 dB and more above, the hiss of an empty room below
WINDOW_SECONDS = 0.25
WINDOWS = 48  # spread evenly; enough to tell 10 % from 30 % of silence


class Loudness:
    """Decodes a short window of sound at every `step` seconds and remembers how loud each one was."""

    def __init__(self, step: float) -> None:
        self._step = step
        self._next = 0.0
        self._until = -1.0
        self._window: list[float] = []
        self._levels: list[float] = []

    def offer(self, packet: Any, start: float) -> None:
        """Take a packet that begins at `start` seconds; it is decoded only inside a window."""
        if start >= self._next:
            self._close_window()
            self._until = start + WINDOW_SECONDS
            self._next = start + self._step
        if start < self._until:
            self._window.extend(_levels(packet))

    def silence_ratio(self) -> float | None:
        """Return the share of windows whose level is below -40 dBFS; None when nothing was decoded."""
        self._close_window()
        if not self._levels:
            return None
        return sum(level < SILENCE_RMS for level in self._levels) / len(self._levels)

    def _close_window(self) -> None:
        # The median: the first frames after a gap lack what they refer to and are silent, clicks are loud.
        if self._window:
            self._levels.append(float(np.median(self._window)))
        self._window = []


def sampling_step(duration: float | None) -> float:
    """Return the distance between windows in seconds for media of this length (unknown: every 5 s)."""
    return 5.0 if duration is None else max(2 * WINDOW_SECONDS, duration / WINDOWS)


def _levels(packet: Any) -> list[float]:
    """Decode one packet and return the root mean square (0..1) of each frame in it; a damaged one has none."""
    import av

    try:
        return [_rms(frame.to_ndarray()) for frame in packet.decode()]
    except av.error.FFmpegError:
        return []


def _rms(samples: np.ndarray[Any, Any]) -> float:
    if samples.size == 0:
        return 0.0
    values: np.ndarray[Any, Any] = samples.astype(np.float32)
    if samples.dtype == np.uint8:
        values = (values - 128) / 128
    elif samples.dtype.kind == "i":
        values /= float(np.iinfo(samples.dtype).max)
    return float(np.sqrt(np.mean(np.square(values))))
