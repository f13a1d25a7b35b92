"""Media files, read with PyAV: how long they really are, and how much of their sound is silence.

Only local files are opened, only with the demuxer that their first bytes call for, and FFmpeg may open no other file or
address on their behalf.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec

from pipeline.errors import StageError
from pipeline.item import SILENT_TRACK, SoundTrack
from pipeline.stages.download.loudness import Loudness, sampling_step
from pipeline.stages.download.sniff import HEAD_BYTES, media_demuxer

MIN_PRESENT = 0.95  # share of the claimed duration that must be there; less is a truncated file

# Demuxers whose duration is an estimate from the bit rate, or is read off the last page that is there.
_NO_CLAIM = frozenset({"aac", "amr", "mpegts", "mpeg", "ogg", "wav"})
_SIZE_UNKNOWN = 0x7FFFF000  # from here on a WAV header's size means "streamed, not known"


class Probe(msgspec.Struct, frozen=True):
    """What was found in a media file; seconds, ratios 0..1."""

    kind: Literal["audio", "video"]
    has_audio: bool
    duration_seconds: float  # by the timestamps of the packets that are there
    claimed_seconds: float | None  # what the header says, where it says so
    silence_ratio: (
        float | None
    )  # of the track to listen to: share of sampled windows below -40 dBFS; None without sound
    tracks: tuple[SoundTrack, ...]
    track: int  # number of the one to listen to
    sample_rate: int | None
    channels: int | None
    title: str | None

    @property
    def present(self) -> float:
        """Share of the claimed duration that is there, 1.0 when nothing is claimed."""
        return 1.0 if not self.claimed_seconds else min(1.0, self.duration_seconds / self.claimed_seconds)


@contextmanager
def opened_media(path: Path) -> Iterator[Any]:
    """Open a local media file with PyAV (raises `corrupt` when it cannot be read, `unsupported` when it is none)."""
    import av

    demuxer = _demuxer(path)
    try:
        # The protocol is named, and the only one allowed: a path is never taken for a URL or a list of files.
        container = av.open(
            f"file:{path.resolve()}",
            format=demuxer,
            options={"protocol_whitelist": "file"},
            metadata_errors="ignore",
        )
    except (av.error.FFmpegError, ValueError):
        raise StageError("corrupt", f"{path.name} cannot be read: it is damaged or its end is missing") from None
    try:
        yield container
    except av.error.FFmpegError:
        raise StageError("corrupt", f"{path.name} is damaged") from None
    finally:
        container.close()


def probe(path: Path) -> Probe:
    """Read all packets of a media file (without decoding them, save for short samples of its sound).

    Raises `corrupt` when it cannot be read, `unsupported` when there is neither sound nor picture in it.
    """
    with opened_media(path) as container:
        sounds = sound_streams(container)
        pictures = [stream for stream in container.streams.video if not _is_cover(stream)]
        if not sounds and not pictures:
            raise StageError("unsupported", f"{path.name} has neither sound nor pictures in it")
        claimed = _claimed_seconds(path, container)
        step = sampling_step(_seconds(container.duration, 1e-6))
        levels = [Loudness(step) for _ in sounds]
        duration = _walk(container, sounds, pictures, levels)
        tracks = tuple(map(_track, itertools.count(1), sounds, levels))
        track = chosen_track(tracks)
        sound = sounds[track - 1] if sounds else None
        return Probe(
            kind="video" if pictures else "audio",
            has_audio=bool(sounds),
            duration_seconds=duration,
            claimed_seconds=claimed,
            silence_ratio=tracks[track - 1].silence_ratio if tracks else None,
            tracks=tracks,
            track=track,
            sample_rate=sound.rate if sound else None,
            channels=sound.channels if sound else None,
            title=container.metadata.get("title") or None,
        )


def sound_streams(container: Any) -> list[Any]:
    """Return the sound tracks that can be decoded, in the order that `SoundTrack.number` counts."""
    return [stream for stream in container.streams.audio if stream.codec_context]


def chosen_track(tracks: Sequence[SoundTrack]) -> int:
    """Return the number of the track to listen to: the file's default, unless it is silent; else the first that is not.

    A container that marks every track as default (MP4 does) means none. 1 where all are silent, or there is none.
    """
    audible = [track for track in tracks if track.silence_ratio is not None and track.silence_ratio <= SILENT_TRACK]
    return min(audible or tracks, key=lambda track: (not track.is_default, track.number), default=SoundTrack(1)).number


def _track(number: int, stream: Any, loudness: Loudness) -> SoundTrack:
    tags = stream.metadata
    return SoundTrack(
        number,
        language=None if tags.get("language") in (None, "und") else tags["language"],
        title=tags.get("title") or tags.get("name") or None,  # MP4 calls it so
        is_default=bool(stream.disposition & type(stream.disposition).default),
        silence_ratio=loudness.silence_ratio(),
    )


def probe_audio(path: Path) -> dict[str, float | int | str | bool]:
    """Return cheap facts about a media file, by name.

    `duration_seconds`, `has_audio`, `silence_ratio` (0..1), `sample_rate` (Hz) and `channels`. Facts that the file
    does not have are left out. Raises as `probe` does.
    """
    found = probe(path)
    facts = {
        "duration_seconds": found.duration_seconds,
        "has_audio": found.has_audio,
        "silence_ratio": found.silence_ratio,
        "sample_rate": found.sample_rate,
        "channels": found.channels,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _walk(container: Any, sounds: list[Any], pictures: list[Any], levels: Sequence[Loudness]) -> float:
    """Go through all packets; return the seconds from the first to the end of the last, feeding each sound's sampler.

    Sound and pictures together: a film whose sound ends before its pictures is whole.
    """
    import av

    samplers = {stream.index: loudness for stream, loudness in zip(sounds, levels, strict=True)}
    first: float | None = None
    last = 0.0
    try:
        for packet in container.demux(*sounds, *pictures):
            if packet.pts is None:
                continue
            start = float(packet.pts * packet.time_base)
            first = max(start, 0.0) if first is None else min(first, max(start, 0.0))
            last = max(last, start + float((packet.duration or 0) * packet.time_base))
            if loudness := samplers.get(packet.stream.index):
                loudness.offer(packet, start)
    except av.error.FFmpegError:
        pass  # what came until here counts; the comparison with the header tells whether it is enough
    return max(0.0, last - (first or 0.0))


def _demuxer(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise StageError("not_found", f"{path.name} cannot be opened: {error.strerror}") from None
    demuxer = media_demuxer(head)
    if demuxer is None:
        raise StageError("unsupported", f"{path.name} is not in a media format that can be read")
    return demuxer


def _is_cover(stream: Any) -> bool:
    """Tell a cover picture or a preview from a film."""
    disposition = stream.disposition
    return bool(disposition & type(disposition).attached_pic) or stream.codec_context is None


def _claimed_seconds(path: Path, container: Any) -> float | None:
    """Return the duration that the file's header states, None where FFmpeg's figure is only an estimate."""
    names = set(container.format.name.split(","))
    if "wav" in names:
        return _wav_claim(path, container)
    if names & _NO_CLAIM or ("mp3" in names and not _has_frame_count(path)):
        return None
    return _seconds(container.duration, 1e-6)


def _has_frame_count(path: Path) -> bool:
    """Tell whether an MP3 begins with a frame that states the number of frames (Xing, Info or VBRI)."""
    with path.open("rb") as file:
        head = file.read(10)
        skip = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        file.seek(10 + skip if head[:3] == b"ID3" else 0)
        frame = file.read(256)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))


def _wav_claim(path: Path, container: Any) -> float | None:
    """Compute a WAV's duration from the sizes in its header; FFmpeg's own figure is cut to the file's size."""
    with path.open("rb") as file:
        declared = int.from_bytes(file.read(8)[4:], "little") + 8
    actual = path.stat().st_size
    duration = _seconds(container.duration, 1e-6)
    if duration is None or declared >= _SIZE_UNKNOWN or declared <= actual:
        return duration
    return duration * declared / actual


def _seconds(ticks: int | None, base: float) -> float | None:
    return None if ticks is None or ticks <= 0 else ticks * base
