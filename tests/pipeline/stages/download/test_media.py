from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import StageError
from pipeline.item import Source
from pipeline.running.gather import after_download
from pipeline.settings import DownloadSettings
from pipeline.stages.download import probe_audio
from pipeline.stages.download.local import fetch_file
from pipeline.stages.download.media import opened_media, probe
from tests.pipeline.stages.sound_tracks import tone, write_tracks

if TYPE_CHECKING:
    from tests.pipeline.stages.download.conftest import Lab


@pytest.mark.parametrize("name", ["tone.mp3", "tone.wav", "tone.flac", "tone.ogg", "tone.m4a", "tone.mka", "tone.aac"])
def test_the_duration_is_that_of_the_packets_that_are_there(media: Path, name: str) -> None:
    found = probe(media / name)
    assert found.kind == "audio"
    assert found.duration_seconds == pytest.approx(20, abs=0.2)
    assert found.present > 0.99


def test_a_film_is_a_video_and_has_its_sound_measured(media: Path) -> None:
    found = probe(media / "film.mp4")
    assert (found.kind, found.has_audio) == ("video", True)
    assert found.duration_seconds == pytest.approx(10, abs=0.3)
    assert found.silence_ratio == 0


def test_a_film_whose_sound_ends_early_is_whole(media: Path) -> None:
    found = probe(media / "quiet-end.mp4")
    assert found.present > 0.99
    assert found.duration_seconds == pytest.approx(20, abs=0.3)


def test_a_film_without_sound_has_no_silence_ratio(media: Path) -> None:
    found = probe(media / "mute.mp4")
    assert (found.kind, found.has_audio, found.silence_ratio) == ("video", False, None)


@pytest.mark.parametrize("name", ["tone.mp3", "tone.wav", "tone.flac", "tone.mka", "fast.mp4"])
def test_of_a_truncated_file_only_the_part_that_is_there_is_present(lab: Lab, media: Path, name: str) -> None:
    found = probe(lab.cut(media / name, 0.5, f"half-{name}"))
    assert 0.3 < found.present < 0.7


@pytest.mark.parametrize("name", ["tone.aac", "tone.ogg"])
def test_a_format_that_claims_nothing_is_taken_for_what_is_there(lab: Lab, media: Path, name: str) -> None:
    found = probe(lab.cut(media / name, 0.5, f"half-{name}"))
    assert (found.claimed_seconds, found.present) == (None, 1.0)


def test_a_film_without_its_index_is_corrupt(lab: Lab, media: Path) -> None:
    with pytest.raises(StageError, match="damaged or its end is missing") as error:
        probe(lab.cut(media / "film.mp4", 0.5, "no-index.mp4"))
    assert error.value.error_type == "corrupt"


def test_a_wav_of_unknown_length_from_a_pipe_is_whole(media: Path, tmp_path: Path) -> None:
    data = bytearray((media / "tone.wav").read_bytes())
    data[4:8] = b"\x00\xf0\xff\x7f"  # as espeak-ng --stdout writes it
    path = tmp_path / "piped.wav"
    path.write_bytes(data)
    assert probe(path).present == 1.0


def test_silence_is_measured_in_samples_of_the_sound(media: Path) -> None:
    assert probe(media / "silence.mp3").silence_ratio == 1.0
    assert probe(media / "half.wav").silence_ratio == pytest.approx(0.5, abs=0.1)
    assert (probe(media / "tone.mp3").silence_ratio or 0) < 0.1


def test_the_facts_of_a_probe_have_names(media: Path) -> None:
    facts = probe_audio(media / "tone.wav")
    assert set(facts) == {"duration_seconds", "has_audio", "silence_ratio", "sample_rate", "channels"}
    assert (facts["sample_rate"], facts["channels"], facts["has_audio"]) == (22_050, 1, True)
    assert "silence_ratio" not in probe_audio(media / "mute.mp4")


def test_two_minutes_are_probed_in_a_small_fraction_of_a_second(lab: Lab, tmp_path: Path) -> None:
    path = lab.write_audio(tmp_path / "long.mp3", lab.tone(120), "libmp3lame")
    probe(path)  # the first call loads the library

    def seconds() -> float:
        started = time.perf_counter()
        probe(path)
        return time.perf_counter() - started

    assert min(seconds() for _ in range(5)) < 120 * 0.05  # s of sound; 50 ms on an idle core, tests share theirs


def test_a_playlist_is_never_opened_as_media(tmp_path: Path) -> None:
    path = tmp_path / "list.mp4"
    path.write_text("#EXTM3U\n#EXTINF:9,\n/etc/hostname\n#EXT-X-ENDLIST\n")
    with pytest.raises(StageError) as error, opened_media(path):
        pass
    assert error.value.error_type == "unsupported"


def test_a_name_that_looks_like_a_protocol_is_only_a_name(media: Path, tmp_path: Path) -> None:
    path = tmp_path / "concat:a|b.wav"
    path.write_bytes((media / "tone.wav").read_bytes())
    assert probe(path).duration_seconds == pytest.approx(20)


def test_a_file_that_is_gone_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(StageError) as error:
        probe(tmp_path / "gone.mp3")
    assert error.value.error_type == "not_found"


@pytest.mark.parametrize(
    ("loudness", "default", "chosen"),
    [
        ((0.3,), None, 1),
        ((0.3, 0.3), None, 1),
        ((0.3, 0.3), 1, 2),  # the default
        ((0.3, 0.0), 1, 1),  # which is silent
        ((0.0, 0.3), 0, 2),
        ((0.0, 0.3, 0.3), None, 2),
        ((0.0, 0.3, 0.3), 2, 3),
        ((0.0, 0.0), None, 1),
        ((0.0, 0.0), 1, 2),
    ],
)
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_the_default_track_is_heard_unless_it_is_silent_else_the_first_that_is_not(
    tmp_path: Path, loudness: tuple[float, ...], default: int | None, chosen: int, suffix: str
) -> None:
    path = write_tracks(tmp_path / f"film.{suffix}", [tone(6, level) for level in loudness], default=default)
    found = probe(path)
    assert found.track == chosen
    assert [track.number for track in found.tracks] == list(range(1, len(loudness) + 1))
    assert found.silence_ratio == (0.0 if loudness[chosen - 1] else 1.0)
    assert found.duration_seconds == pytest.approx(6, abs=0.2)


def test_the_tracks_that_are_not_heard_are_named_in_the_facts(tmp_path: Path) -> None:
    path = write_tracks(
        tmp_path / "film.mkv", [tone(6, 0), tone(6), tone(6)], default=0, languages=["eng", "deu", "fra"]
    )
    facts = after_download(fetch_file(Source(str(path)), DownloadSettings()))
    assert facts["sound_tracks"].value == 3
    assert facts["other_sound_tracks"].value == "1 eng silent, 3 fra"
    assert facts["silence_ratio"].value == 0.0


def test_a_file_with_one_track_names_no_others(media: Path) -> None:
    facts = after_download(fetch_file(Source(str(media / "tone.mp3")), DownloadSettings()))
    assert (facts["sound_tracks"].value, facts["other_sound_tracks"].value) == (1, "")
    mute = after_download(fetch_file(Source(str(media / "mute.mp4")), DownloadSettings()))
    assert (mute["sound_tracks"].value, mute["other_sound_tracks"].value) == (0, "")
