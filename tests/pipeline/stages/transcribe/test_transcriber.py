from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from pipeline.errors import StageError
from pipeline.item import Fetched, MediaKind, Source, Transcript
from pipeline.settings import DownloadSettings, TranscriptionSettings
from pipeline.stages.download.local import fetch_file
from pipeline.stages.transcribe import Transcriber, speech
from tests.pipeline.stages.sound_tracks import decoded, write_tracks

VTT = "WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ann>Good evening, and welcome to the &quot;show&quot;.\n"


def fetched(
    kind: MediaKind, path: Path | None = None, text: str | None = None, captions: Path | None = None
) -> Fetched:
    return Fetched(content_hash="0" * 64, media_kind=kind, size_bytes=1, path=path, text=text, captions_path=captions)


@pytest.mark.parametrize("kind", ["text", "article"])
def test_a_text_is_its_own_transcript(transcriber: Transcriber, kind: MediaKind) -> None:
    found = transcriber.transcribe(fetched(kind, text=" The pool stays open for another year, the council said. "))
    assert found.text == "The pool stays open for another year, the council said."
    assert (found.origin, found.confidence, found.segments, found.language) == ("text", 1.0, (), "en")
    assert found.language_confidence > 0.9


def test_a_text_without_words_is_empty(transcriber: Transcriber) -> None:
    with pytest.raises(StageError) as error:
        transcriber.transcribe(fetched("text", text=" \n"))
    assert error.value.error_type == "empty"


@pytest.mark.parametrize("text", ["♪ ♪", "...", "— !"])
def test_signs_are_no_words(transcriber: Transcriber, tmp_path: Path, sounds: Path, text: str) -> None:
    path = tmp_path / "song.vtt"
    path.write_text(f"WEBVTT\n\n00:01.000 --> 00:04.000\n{text}\n", encoding="utf-8")
    for item in (
        fetched("captions", path),
        fetched("text", text=text),
        fetched("video", sounds / "mute.mp4", captions=path),
    ):
        with pytest.raises(StageError) as error:
            transcriber.transcribe(item)
        assert error.value.error_type == "empty"


def test_captions_become_words_with_times(transcriber: Transcriber, tmp_path: Path) -> None:
    path = tmp_path / "show.vtt"
    path.write_bytes(VTT.encode("utf-16"))
    found = transcriber.transcribe(fetched("captions", path))
    assert found.text == 'Ann: Good evening, and welcome to the "show".'
    assert (found.origin, found.confidence, found.language) == ("captions", 0.95, "en")
    assert [(segment.start, segment.end) for segment in found.segments] == [(1.0, 4.0)]


def test_captions_that_lose_words_are_trusted_by_the_share_that_is_left(
    transcriber: Transcriber, tmp_path: Path
) -> None:
    path = tmp_path / "show.vtt"
    path.write_text("WEBVTT\n\nfour words without time\n\n00:01.000 --> 00:04.000\none two three\n\nfour five six\n")
    with capture_logs() as logs:
        found = transcriber.transcribe(fetched("captions", path))
    assert found.text == "one two three four five six"
    assert found.confidence == pytest.approx(0.95 * 6 / 10)
    assert [(log["event"], log["dropped"], log["kept"]) for log in logs] == [("captions_words_dropped", 4, 6)]


def test_rolling_captions_are_trusted_less(transcriber: Transcriber, tmp_path: Path) -> None:
    path = tmp_path / "auto.srt"
    lines = ["so today we", "cook a soup", "out of beans", "and onions", "for ten people"]
    blocks = [f"{n}\n00:00:0{n},000 --> 00:00:0{n + 1},000\n{lines[n - 1]}\n{lines[n]}\n" for n in range(1, len(lines))]
    path.write_text("\n".join(blocks))
    found = transcriber.transcribe(fetched("captions", path))
    assert found.text == " ".join(lines)
    assert found.confidence == 0.85


def test_captions_of_a_film_go_before_its_sound(transcriber: Transcriber, tmp_path: Path, sounds: Path) -> None:
    (tmp_path / "film.vtt").write_text(VTT)
    found = transcriber.transcribe(fetched("video", sounds / "mute.mp4", captions=tmp_path / "film.vtt"))
    assert found.origin == "captions"


@pytest.mark.parametrize("captions", ["WEBVTT\n", "1\n00:99:00,000 --> 00:99:00,000\nx\n", None])
def test_captions_that_are_of_no_use_leave_it_to_the_sound(
    transcriber: Transcriber, tmp_path: Path, speech_file: Path, captions: str | None
) -> None:
    path = tmp_path / "film.vtt"
    if captions is not None:
        path.write_text(captions)
    assert transcriber.transcribe(fetched("audio", speech_file, captions=path)).origin == "speech"


def test_speech_is_recognised_with_times_and_a_confidence(transcriber: Transcriber, speech_file: Path) -> None:
    found = transcriber.transcribe(fetched("audio", speech_file))
    assert found.origin == "speech"
    assert len(found.text.split()) > 40
    assert 0.6 < found.confidence < 1.0
    assert (found.language, found.language_confidence) == ("en", found.confidence)
    assert " ".join(segment.text for segment in found.segments) == found.text
    assert all(
        first.end <= second.start + 0.5 for first, second in zip(found.segments, found.segments[1:], strict=False)
    )


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_speech_on_the_second_track_is_heard_when_the_first_is_silent(
    transcriber: Transcriber, speech_file: Path, tmp_path: Path, suffix: str
) -> None:
    speech_samples = decoded(speech_file)
    path = write_tracks(tmp_path / f"talk.{suffix}", [np.zeros_like(speech_samples), speech_samples])
    found = transcriber.transcribe(fetch_file(Source(str(path)), DownloadSettings()))
    alone = transcriber.transcribe(fetched("audio", speech_file))
    assert found.origin == "speech"
    assert len(found.text.split()) == pytest.approx(len(alone.text.split()), rel=0.2)


def test_the_same_sound_gives_the_same_words(transcriber: Transcriber, speech_file: Path) -> None:
    assert transcriber.transcribe(fetched("audio", speech_file)) == transcriber.transcribe(
        fetched("audio", speech_file)
    )


def test_blocks_keep_the_times_of_the_whole(
    transcriber: Transcriber, speech_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.stages.transcribe import audio
    from pipeline.stages.transcribe import transcriber as module

    whole = transcriber.transcribe(fetched("audio", speech_file))
    monkeypatch.setattr(module, "blocks", lambda path, track: audio.blocks(path, block_seconds=17, track=track))
    parts = transcriber.transcribe(fetched("audio", speech_file))
    starts = [segment.start for segment in parts.segments]
    assert starts == sorted(starts)
    assert parts.segments[-1].end == pytest.approx(whole.segments[-1].end, abs=2)
    assert len(parts.text.split()) == pytest.approx(len(whole.text.split()), rel=0.2)


@pytest.mark.parametrize("name", ["silence.wav", "tone.wav"])
def test_sound_without_speech_is_empty(transcriber: Transcriber, sounds: Path, name: str) -> None:
    with pytest.raises(StageError, match=f"no speech was heard in {name}") as error:
        transcriber.transcribe(fetched("audio", sounds / name))
    assert error.value.error_type == "empty"


def test_a_film_without_sound_and_captions_is_empty(transcriber: Transcriber, sounds: Path) -> None:
    with pytest.raises(StageError) as error:
        transcriber.transcribe(fetched("video", sounds / "mute.mp4"))
    assert error.value.error_type == "empty"


def test_weights_are_loaded_with_the_first_sound_and_once_for_all_threads(
    sounds: Path, speech_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[int] = []
    real = speech.load

    def counted(settings: TranscriptionSettings) -> object:
        loads.append(1)
        return real(settings)

    monkeypatch.setattr(speech, "load", counted)
    shared = Transcriber(TranscriptionSettings(threads=1))
    shared.transcribe(fetched("text", text="Only words."))
    assert loads == []
    found: list[Transcript] = []
    threads = [
        threading.Thread(target=lambda: found.append(shared.transcribe(fetched("audio", speech_file))))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [1]
    assert found[0] == found[1] == found[2]


def test_available_says_where_the_weights_are_or_how_to_get_them(tmp_path: Path) -> None:
    there, place = Transcriber(TranscriptionSettings()).available()
    missing, advice = Transcriber(TranscriptionSettings(model_dir=str(tmp_path))).available()
    assert (there, missing) == (True, False)
    assert "model" in place
    assert "set model_dir" in advice


def test_without_weights_texts_still_work_and_sound_is_unsupported(tmp_path: Path, speech_file: Path) -> None:
    bare = Transcriber(TranscriptionSettings(model_dir=str(tmp_path)))
    assert bare.transcribe(fetched("text", text="Words.")).text == "Words."
    with pytest.raises(StageError) as error:
        bare.transcribe(fetched("audio", speech_file))
    assert error.value.error_type == "unsupported"
