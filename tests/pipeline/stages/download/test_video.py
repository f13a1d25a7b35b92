from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pipeline.errors import StageError
from pipeline.item import Fetched, Source
from pipeline.settings import DownloadSettings
from pipeline.stages.download import fetch
from pipeline.stages.download.budget import Budget
from pipeline.stages.download.video import acceptable, best_captions, fetch_video
from pipeline.stages.download.ytdlp_handler import GuardedRH, GuardedYoutubeDL

if TYPE_CHECKING:
    from tests.pipeline.stages.download.conftest import Lab, Site


def watch_page(source: str, more: str = "") -> str:
    return (
        "<!DOCTYPE html><html><head><title>A film about a tone</title>"
        f'</head><body><h1>Watch</h1><video src="{source}" controls>{more}</video></body></html>'
    )


def get(url: str, workdir: Path, settings: DownloadSettings, http: httpx.Client) -> Fetched:
    return fetch(Source(uri=url), workdir, settings, http)


def failure(url: str, workdir: Path, settings: DownloadSettings, http: httpx.Client) -> StageError:
    with pytest.raises(StageError) as error:
        get(url, workdir, settings, http)
    return error.value


def test_the_video_of_a_page_is_found_and_downloaded(
    site: Site, tmp_path: Path, media: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    site.page("/film.mp4", (media / "film.mp4").read_bytes(), kind="video/mp4")
    url = site.page("/watch", watch_page("/film.mp4"), kind="text/html")
    found = get(url, tmp_path, settings, http)
    assert found.media_kind == "video"
    assert found.path is not None
    assert found.path.read_bytes() == (media / "film.mp4").read_bytes()
    assert "A film about a tone" in (found.title or "")
    assert found.duration_seconds == pytest.approx(10, abs=0.3)


def test_captions_that_the_page_offers_come_with_the_video(
    site: Site, tmp_path: Path, media: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    site.page("/film.mp4", (media / "film.mp4").read_bytes(), kind="video/mp4")
    site.page("/film.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", kind="text/vtt")
    track = '<track kind="subtitles" srclang="en" src="/film.vtt">'
    found = get(site.page("/watch", watch_page("/film.mp4", track), kind="text/html"), tmp_path, settings, http)
    assert found.captions_path is not None
    assert "Hello" in found.captions_path.read_text()


def test_captions_that_cannot_be_had_do_not_spoil_the_video(
    site: Site, tmp_path: Path, media: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    site.page("/film.mp4", (media / "film.mp4").read_bytes(), kind="video/mp4")
    track = '<track kind="subtitles" srclang="en" src="/gone.vtt">'
    found = get(site.page("/watch", watch_page("/film.mp4", track), kind="text/html"), tmp_path, settings, http)
    assert found.captions_path is None


def test_an_article_with_a_small_player_in_it_stays_an_article(
    site: Site, tmp_path: Path, settings: DownloadSettings, http: httpx.Client, article_page: str
) -> None:
    words = article_page.replace(
        "</article>", article_page.partition("</h1>")[2].partition("</article>")[0] + "</article>"
    )
    page = words.replace("</article>", '<video src="/clip.mp4"></video></article>')
    assert get(site.page("/news", page, kind="text/html"), tmp_path, settings, http).media_kind == "article"


def test_a_page_that_calls_itself_a_videos_page_is_tried_as_one_first(
    site: Site, tmp_path: Path, media: Path, settings: DownloadSettings, http: httpx.Client, article_page: str
) -> None:
    site.page("/film.mp4", (media / "film.mp4").read_bytes(), kind="video/mp4")
    page = article_page.replace("<title>", f'<meta property="og:video" content="{site.url("/film.mp4")}"><title>')
    page = page.replace("<article>", '<video src="/film.mp4"></video><article>')
    assert get(site.page("/watch", page, kind="text/html"), tmp_path, settings, http).media_kind == "video"


def test_a_video_that_is_gone_is_not_found(
    site: Site, tmp_path: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    url = site.page("/watch", watch_page("/gone.mp4"), kind="text/html")
    assert failure(url, tmp_path, settings, http).error_type == "not_found"


def test_a_video_over_the_size_limit_is_cut_off(
    site: Site, tmp_path: Path, lab: Lab, media: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    site.page("/film.mp4", (media / "fast.mp4").read_bytes(), kind="video/mp4")
    url = site.page("/watch", watch_page("/film.mp4"), kind="text/html")
    small = lab.changed(settings, max_bytes=20_000)
    assert failure(url, tmp_path, small, http).error_type == "too_large"


def test_a_video_that_does_not_arrive_in_time_is_cut_off(
    site: Site, tmp_path: Path, lab: Lab, media: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    data = (media / "film.mp4").read_bytes()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "video/mp4")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data[:1000])
        site.closing.wait(10)

    site.serve("/film.mp4", answer)
    url = site.page("/watch", watch_page("/film.mp4"), kind="text/html")
    hasty = lab.changed(settings, max_seconds=1.5)
    assert failure(url, tmp_path, hasty, http).error_type == "timeout"


def test_an_hls_stream_is_put_together_without_any_other_program(
    site: Site, tmp_path: Path, media: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    data = (media / "tone.aac").read_bytes()
    half = len(data) // 2
    site.page("/1.aac", data[:half], kind="audio/aac")
    site.page("/2.aac", data[half:], kind="audio/aac")
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/1.aac\n#EXTINF:10,\n/2.aac\n#EXT-X-ENDLIST\n"
    url = site.page("/stream.m3u8", playlist, kind="application/vnd.apple.mpegurl")
    found = get(url, tmp_path, settings, http)
    assert found.media_kind == "audio"
    assert found.duration_seconds == pytest.approx(20, abs=0.3)


def test_a_video_that_says_it_is_too_long_is_not_downloaded(
    site: Site, tmp_path: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    film = site.page("/film.mp4", bytes(5000), kind="video/mp4")
    data = f'{{"@context": "https://schema.org", "@type": "VideoObject", "name": "N", "contentUrl": "{film}", '
    page = f'<html><head><script type="application/ld+json">{data}"duration": "PT9H"}}</script></head></html>'
    error = failure(site.page("/watch", page, kind="text/html"), tmp_path, settings, http)
    assert (error.error_type, "32,400 s" in str(error)) == ("too_long", True)
    assert list(tmp_path.rglob("media.*")) == []


@pytest.mark.parametrize("info", [{"is_live": True}, {"live_status": "is_upcoming"}])
def test_a_live_stream_is_unsupported(info: dict[str, Any]) -> None:
    with pytest.raises(StageError, match="live stream") as error:
        acceptable(DownloadSettings())(info)
    assert error.value.error_type == "unsupported"


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/film.mp4", "http://10.0.0.1/film.mp4", "file:///etc/passwd"]
)
def test_what_a_page_names_is_under_the_same_address_rule(
    site: Site, tmp_path: Path, strict: httpx.Client, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.setattr("pipeline.stages.download.address.is_public", lambda address: address == "127.0.0.1")
    url = site.page("/watch", watch_page(target), kind="text/html")
    error = failure(url, tmp_path, DownloadSettings(max_seconds=20.0, attempts=1), strict)
    assert error.error_type in ("forbidden_address", "unsupported")


def test_a_redirect_inside_yt_dlp_is_under_the_same_address_rule(
    site: Site, tmp_path: Path, strict: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.stages.download.address.is_public", lambda address: address == "127.0.0.1")
    site.page("/film.mp4", status=302, Location="http://192.168.0.1/film.mp4")
    url = site.page("/watch", watch_page("/film.mp4"), kind="text/html")
    error = failure(url, tmp_path, DownloadSettings(max_seconds=20.0, attempts=1), strict)
    assert error.error_type == "forbidden_address"


def test_yt_dlp_has_no_other_way_to_the_network(site: Site, tmp_path: Path, strict: httpx.Client) -> None:
    with GuardedYoutubeDL({"quiet": True}, strict, Budget(1000, 5.0), 5) as downloader:
        assert list(downloader._request_director.handlers.values()) == [downloader.guarded_handler]
        assert isinstance(downloader.guarded_handler, GuardedRH)
    with pytest.raises(StageError) as error:
        fetch_video(Source(uri=site.url("/watch")), tmp_path, DownloadSettings(), strict, Budget(1000, 5.0))
    assert error.value.error_type == "forbidden_address"
    assert site.requests == []


def test_cookies_of_each_hop_stay_with_the_video_and_leave_with_it(
    site: Site, tmp_path: Path, media: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    site.page("/film.mp4", (media / "film.mp4").read_bytes(), kind="video/mp4")
    site.page("/second", watch_page("/film.mp4"), kind="text/html")
    site.page("/first", status=302, Location="/second", Set_Cookie="consent=yes; Path=/")
    get(site.url("/first"), tmp_path, settings, http)
    cookies = [headers.get("Cookie") for headers in site.headers]
    assert cookies[-1] == "consent=yes"
    site.requests.clear()
    site.headers.clear()
    get(site.url("/second"), tmp_path, settings, http)
    assert all("Cookie" not in headers for headers in site.headers)


def track(name: str, ext: str = "vtt", **more: Any) -> dict[str, Any]:
    return {"url": f"https://example.org/{name}", "ext": ext, **more}


@pytest.mark.parametrize(
    ("info", "chosen"),
    [
        ({}, None),
        ({"subtitles": {"de": [track("de")], "en": [track("en")]}, "language": "de"}, "de"),
        ({"subtitles": {"de": [track("de")], "en": [track("en")]}}, "en"),
        ({"subtitles": {"live_chat": [track("chat")]}}, None),
        ({"subtitles": {"en": [track("json", "json3"), track("srt", "srt"), track("vtt")]}}, "vtt"),
        ({"subtitles": {"en": [track("m3u8", protocol="m3u8_native")]}}, None),
        ({"automatic_captions": {"fr": [track("fr")], "en-orig": [track("en")]}}, "en"),
        ({"automatic_captions": {"fr": [track("fr")], "en": [track("en")]}, "language": "en-US"}, "en"),
        ({"automatic_captions": {"fr": [track("fr")]}, "language": "en"}, None),
        ({"automatic_captions": {"en-orig": [track("auto")]}, "subtitles": {"fr": [track("manual")]}}, "manual"),
    ],
)
def test_captions_by_people_and_in_the_spoken_language_are_chosen(info: dict[str, Any], chosen: str | None) -> None:
    assert best_captions(info) == (f"https://example.org/{chosen}" if chosen else None)
