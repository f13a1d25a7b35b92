from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from pipeline.errors import StageError
from pipeline.item import Fetched, Source
from pipeline.settings import DownloadSettings
from pipeline.stages.download import fetch

if TYPE_CHECKING:
    from tests.pipeline.stages.download.conftest import Site


class Getter:
    def __init__(self, workdir: Path, settings: DownloadSettings, http: httpx.Client) -> None:
        self.workdir, self.settings, self.http = workdir, settings, http

    def __call__(self, url: str) -> Fetched:
        return fetch(Source(uri=url), self.workdir, self.settings, self.http)

    def error(self, url: str) -> tuple[str, str]:
        with pytest.raises(StageError) as error:
            self(url)
        return error.value.error_type, str(error.value)


@pytest.fixture
def get(tmp_path: Path, settings: DownloadSettings, http: httpx.Client) -> Getter:
    return Getter(tmp_path, settings, http)


def test_a_direct_link_is_saved_and_probed(site: Site, get: Getter, media: Path) -> None:
    data = (media / "tone.wav").read_bytes()
    site.page("/files/tone%20one.wav", data, kind="audio/wav")
    url = site.page("/latest", status=302, Location="/files/tone%20one.wav")
    found = get(url)
    assert (found.media_kind, found.title, found.url) == ("audio", "tone one", site.url("/files/tone%20one.wav"))
    assert found.path is not None
    assert found.path.parent == get.workdir
    assert found.path.read_bytes() == data
    assert found.duration_seconds == pytest.approx(20)


def test_a_media_link_that_lies_about_its_type_is_judged_by_its_bytes(site: Site, get: Getter, media: Path) -> None:
    url = site.page("/song.mp4", (media / "tone.mp3").read_bytes(), kind="text/html")
    assert get(url).media_kind == "audio"


def test_captions_and_texts_behind_links_are_read(site: Site, get: Getter) -> None:
    captions = get(site.page("/a.vtt", "WEBVTT\n\n00:01.000 --> 00:03.000\nHi\n", kind="text/vtt"))
    text = get(site.page("/b", "caf\xe9".encode("latin-1"), kind="text/plain; charset=iso-8859-1"))
    assert (captions.media_kind, captions.duration_seconds) == ("captions", 3.0)
    assert (text.media_kind, text.text) == ("text", "café")


def test_a_page_with_running_text_is_an_article(site: Site, get: Getter, article_page: str) -> None:
    url = site.page("/news/pool", article_page, kind="text/html; charset=utf-8")
    found = get(url)
    assert (found.media_kind, found.title, found.url) == ("article", "Pool stays open", url)
    assert len(site.requests) == 1


def test_a_page_with_a_few_words_and_nothing_else_is_an_article_as_a_last_resort(site: Site, get: Getter) -> None:
    words = "<p>" + "Thirty words are not much but they are all that there is on this page today. " * 2 + "</p>"
    found = get(site.page("/short", f"<html><body><article>{words}</article></body></html>"))
    assert found.media_kind == "article"


@pytest.mark.parametrize("times", [1, 4])
def test_a_page_in_a_script_without_spaces_is_an_article_like_any_other(site: Site, get: Getter, times: int) -> None:
    """62 letters, 41 words: by its white space it would be one, and neither an article nor a video."""
    sentences = "今天早上八点，一列货运列车在北部山区的隧道口附近脱轨，没有人员伤亡。铁路局局长表示，连日的暴雨冲垮了路基，抢修工作需要三天。"
    found = get(site.page("/zh", f"<html><body><article><p>{sentences * times}</p></article></body></html>"))
    assert found.media_kind == "article"
    assert len(site.requests) == 1 or times == 1  # the longer one is an article at first sight


def test_a_page_with_neither_article_nor_video_is_unsupported(site: Site, get: Getter) -> None:
    url = site.page("/login", "<html><body><form>Name</form></body></html>")
    error_type, message = get.error(f"{url}?next=secret")
    assert error_type == "unsupported"
    assert "secret" not in message


@pytest.mark.parametrize(("status", "error_type"), [(404, "not_found"), (403, "auth"), (451, "http_status")])
def test_an_http_error_is_reported_as_such(site: Site, get: Getter, status: int, error_type: str) -> None:
    assert get.error(site.page("/", "<html>no</html>", status=status))[0] == error_type


def test_an_empty_answer_is_empty(site: Site, get: Getter) -> None:
    assert get.error(site.page("/nothing.mp3", b""))[0] == "empty"


def test_a_feed_is_not_an_item(site: Site, get: Getter) -> None:
    error_type, message = get.error(site.page("/feed", '<rss version="2.0"><channel></channel></rss>'))
    assert error_type == "unsupported"
    assert "feed" in message


def test_a_truncated_download_is_corrupt(site: Site, get: Getter, media: Path) -> None:
    data = (media / "tone.mp3").read_bytes()
    assert get.error(site.page("/half.mp3", data[: len(data) // 2]))[0] == "corrupt"


def test_a_page_that_is_too_large_for_a_text_is_refused(site: Site, get: Getter) -> None:
    page = "<html><body><p>" + "words " * 6_000_000 + "</p></body></html>"
    assert get.error(site.page("/huge.html", page))[0] == "too_large"


def test_credentials_in_a_url_are_refused_and_not_repeated(get: Getter) -> None:
    error_type, message = get.error("http://user:hunter2@127.0.0.1/x.mp3")
    assert error_type == "unsupported"
    assert "hunter2" not in message


def test_private_addresses_are_refused_by_default(site: Site, tmp_path: Path, strict: httpx.Client) -> None:
    with pytest.raises(StageError) as error:
        fetch(Source(uri=site.url("/x.mp3")), tmp_path, DownloadSettings(), strict)
    assert error.value.error_type == "forbidden_address"
    assert site.requests == []
