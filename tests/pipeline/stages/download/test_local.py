from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from pipeline.errors import StageError
from pipeline.item import Fetched, Source
from pipeline.settings import DownloadSettings
from pipeline.stages.download import fetch

if TYPE_CHECKING:
    from tests.pipeline.stages.download.conftest import Lab

SRT = "1\n00:00:01,000 --> 00:00:02,000\nHello\n"


@pytest.fixture
def get(tmp_path: Path, settings: DownloadSettings, http: httpx.Client) -> Getter:
    return Getter(tmp_path / "work", settings, http)


class Getter:
    def __init__(self, workdir: Path, settings: DownloadSettings, http: httpx.Client) -> None:
        workdir.mkdir()
        self.workdir, self.settings, self.http = workdir, settings, http

    def __call__(self, path: Path | str, settings: DownloadSettings | None = None) -> Fetched:
        return fetch(Source(uri=str(path)), self.workdir, settings or self.settings, self.http)

    def error(self, path: Path | str, settings: DownloadSettings | None = None) -> tuple[str, str]:
        with pytest.raises(StageError) as error:
            self(path, settings)
        return error.value.error_type, str(error.value)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_media_file_is_probed_where_it_is(get: Getter, media: Path) -> None:
    before = (media / "tone.mp3").stat()
    found = get(media / "tone.mp3")
    assert (found.media_kind, found.path, found.title) == ("audio", media / "tone.mp3", "A tone")
    assert found.content_hash == digest((media / "tone.mp3").read_bytes())
    assert found.size_bytes == before.st_size
    assert found.duration_seconds == pytest.approx(20, abs=0.2)
    assert (found.duration_reliability, found.silence_ratio, found.captions_path, found.url) == (1.0, 0.0, None, None)
    assert (media / "tone.mp3").stat().st_mtime_ns == before.st_mtime_ns
    assert list(get.workdir.iterdir()) == []


def test_a_title_given_with_the_source_goes_before_the_files_own(get: Getter, media: Path) -> None:
    found = fetch(Source(uri=str(media / "tone.mp3"), title="Given"), get.workdir, get.settings, get.http)
    assert found.title == "Given"
    assert get(media / "film.mp4").title == "film"


def test_captions_beside_a_film_belong_to_it_and_to_its_identity(get: Getter, media: Path, tmp_path: Path) -> None:
    film, captions = tmp_path / "film.mp4", tmp_path / "film.en.srt"
    film.write_bytes((media / "film.mp4").read_bytes())
    assert get(film).captions_path is None
    captions.write_text(SRT)
    found = get(film)
    assert found.captions_path == captions
    assert found.content_hash == digest(film.read_bytes() + captions.read_bytes())


def test_the_captions_of_the_plain_name_go_before_those_with_a_language(
    get: Getter, media: Path, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes((media / "film.mp4").read_bytes())
    for name in ("film.de.vtt", "film.srt", "film.en.srt", "film.notes-of-a-kind.vtt"):
        (tmp_path / name).write_text(SRT)
    assert get(film).captions_path == tmp_path / "film.srt"


def test_captions_alone_last_until_their_last_cue(get: Getter, tmp_path: Path) -> None:
    path = tmp_path / "talk.vtt"
    path.write_text("WEBVTT\n\n00:01.000 --> 00:09.500\nOne\n\n00:02.000 --> 00:03.000\nTwo\n")
    found = get(path)
    assert (found.media_kind, found.duration_seconds, found.path, found.text) == ("captions", 9.5, path, None)


def test_a_text_is_read_and_trimmed(get: Getter, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes("  Déjà vu.\r\n".encode("utf-16"))
    found = get(path)
    assert (found.media_kind, found.text, found.title, found.duration_seconds) == ("text", "Déjà vu.", "notes", None)
    assert found.content_hash == digest(path.read_bytes())


def test_a_page_becomes_an_article_known_by_its_words(get: Getter, tmp_path: Path, article_page: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(article_page)
    found = get(path)
    assert (found.media_kind, found.title, found.description) == ("article", "Pool stays open", "A vote.")
    assert found.text is not None
    assert found.text.count("\n") >= 5
    assert "Imprint" not in found.text
    path.write_text(article_page.replace("<nav>", "<nav>Buy something new today "))
    assert get(path).content_hash == found.content_hash


@pytest.mark.parametrize(
    ("source", "name", "kind"),
    [("tone.mp3", "song.mp4", "audio"), ("film.mp4", "film.mp3", "video"), ("tone.wav", "words.txt", "audio")],
)
def test_media_under_a_wrong_name_are_what_their_bytes_are(
    get: Getter, media: Path, tmp_path: Path, source: str, name: str, kind: str
) -> None:
    (tmp_path / name).write_bytes((media / source).read_bytes())
    assert get(tmp_path / name).media_kind == kind


def test_a_text_named_mp3_is_a_text(get: Getter, tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_text("These are words and not music.")
    assert get(tmp_path / "song.mp3").media_kind == "text"


def test_files_of_zero_bytes_and_of_white_space_are_empty(get: Getter, tmp_path: Path) -> None:
    (tmp_path / "zero.mp4").write_bytes(b"")
    (tmp_path / "blank.txt").write_text(" \n\t\n")
    (tmp_path / "blank.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\n \n")
    (tmp_path / "blank.html").write_text("<html><body><div></div></body></html>")
    assert get.error(tmp_path / "zero.mp4") == ("empty", "zero.mp4 is empty (0 bytes)")
    for name in ("blank.txt", "blank.vtt", "blank.html"):
        assert get.error(tmp_path / name)[0] == "empty"


@pytest.mark.parametrize("name", ["tone.mp3", "tone.wav", "fast.mp4"])
def test_truncated_media_are_corrupt_and_the_message_says_how_much_is_there(
    get: Getter, lab: Lab, media: Path, name: str
) -> None:
    error_type, message = get.error(lab.cut(media / name, 0.6, f"cut-{name}"))
    assert error_type == "corrupt"
    assert " is truncated: " in message
    assert message.endswith("are there")


def test_media_that_lack_a_last_breath_are_accepted(get: Getter, lab: Lab, media: Path) -> None:
    assert get(lab.cut(media / "tone.mp3", 0.98, "nearly.mp3")).duration_seconds == pytest.approx(19.6, abs=0.3)


def test_garbage_with_the_name_of_a_film_is_corrupt(get: Getter, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(os.urandom(5000))
    assert get.error(tmp_path / "film.mp4")[0] == "corrupt"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(200)),
        ("list.m3u8", b"#EXTM3U\n/etc/passwd\n"),
        ("feed.xml", b'<?xml version="1.0"?><rss version="2.0"></rss>'),
        ("data.xml", b'<?xml version="1.0"?><data/>'),
    ],
)
def test_other_kinds_of_files_are_unsupported(get: Getter, tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert get.error(tmp_path / name)[0] == "unsupported"


def test_limits_of_size_and_duration_hold_for_files_too(get: Getter, lab: Lab, media: Path, tmp_path: Path) -> None:
    small = lab.changed(get.settings, max_bytes=1000)
    short = lab.changed(get.settings, max_media_seconds=5.0)
    (tmp_path / "long.vtt").write_text("WEBVTT\n\n00:01.000 --> 01:00:00.000\nOne\n")
    assert get.error(media / "tone.mp3", small)[0] == "too_large"
    assert get.error(media / "tone.mp3", short)[0] == "too_long"
    assert get.error(tmp_path / "long.vtt", short)[0] == "too_long"


def test_paths_that_are_no_files_are_refused(get: Getter, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    assert get.error(tmp_path / "gone.mp3")[0] == "not_found"
    assert get.error("bad\0name")[0] == "not_found"
    assert get.error(tmp_path)[0] == "unsupported"
    assert get.error(tmp_path / "pipe.mp3")[0] == "unsupported"


def test_an_inline_source_is_an_article_without_a_file(get: Getter) -> None:
    source = Source(uri="https://example.org/1", kind="inline", title="T", text=" Some words. ")
    found = fetch(source, get.workdir, get.settings, get.http)
    assert (found.media_kind, found.text, found.path, found.title) == ("article", "Some words.", None, "T")
    assert (found.content_hash, found.url) == (digest(b"Some words."), "https://example.org/1")


def test_an_inline_source_without_text_is_empty(get: Getter) -> None:
    with pytest.raises(StageError) as error:
        fetch(Source(uri="feed.xml#1", kind="inline", text=" "), get.workdir, get.settings, get.http)
    assert error.value.error_type == "empty"
