from __future__ import annotations

import av
import numpy as np
import pytest

from pipeline.stages.download.loudness import SILENCE_RMS, WINDOW_SECONDS, Loudness, sampling_step

RATE = 8000


class Packet:
    """As one of av: decodes into frames of so many seconds, or not at all."""

    def __init__(self, *frames: np.ndarray, broken: bool = False) -> None:
        self._frames, self._broken = frames, broken

    def decode(self) -> list[av.AudioFrame]:
        if self._broken:
            raise av.error.InvalidDataError(1, "damaged")
        return [
            av.AudioFrame.from_ndarray(frame[None], format=_FORMATS[frame.dtype.kind], layout="mono")
            for frame in self._frames
        ]


_FORMATS = {"f": "flt", "i": "s16", "u": "u8"}


def tone(level: float) -> np.ndarray:
    return np.full(RATE // 10, level, np.float32)


def measured(*packets: Packet, step: float = 1.0) -> float | None:
    loudness = Loudness(step)
    for second, packet in enumerate(packets):
        loudness.offer(packet, second * step)
    return loudness.silence_ratio()


def test_a_window_below_forty_decibels_under_full_scale_is_silent() -> None:
    loud, quiet = Packet(tone(SILENCE_RMS * 1.01)), Packet(tone(SILENCE_RMS * 0.99))
    assert measured(loud, quiet, quiet, quiet) == 0.75


@pytest.mark.parametrize(
    ("samples", "silent"),
    [
        (np.full(800, 3276, np.int16), 0.0),  # a tenth of full scale
        (np.full(800, 100, np.int16), 1.0),
        (np.full(800, 128, np.uint8), 1.0),  # the middle of unsigned samples
        (np.full(800, 160, np.uint8), 0.0),
    ],
    ids=["s16 loud", "s16 quiet", "u8 middle", "u8 loud"],
)
def test_samples_of_every_kind_are_measured_on_their_own_scale(samples: np.ndarray, silent: float) -> None:
    assert measured(Packet(samples)) == silent


def test_of_a_window_the_middle_level_counts_so_that_one_click_is_no_sound() -> None:
    assert measured(Packet(tone(0.0), tone(0.9), tone(0.0))) == 1.0


def test_what_lies_between_the_windows_is_not_decoded() -> None:
    loudness = Loudness(1.0)
    loudness.offer(Packet(tone(0.5)), 0.0)
    loudness.offer(Packet(broken=True), WINDOW_SECONDS)  # would raise if it were another error
    loudness.offer(Packet(tone(0.0)), 0.9)
    assert loudness.silence_ratio() == 0.0


def test_damaged_packets_have_no_level_and_nothing_decoded_is_no_ratio() -> None:
    assert measured(Packet(broken=True), Packet(broken=True)) is None
    assert measured(Packet(broken=True), Packet(tone(0.5))) == 0.0
    assert Loudness(1.0).silence_ratio() is None


def test_windows_are_spread_over_the_whole_and_never_overlap() -> None:
    assert sampling_step(480.0) == 10.0
    assert sampling_step(1.0) == 2 * WINDOW_SECONDS
    assert sampling_step(None) == 5.0
