from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import structlog

from pipeline.errors import StageError
from pipeline.item import Source
from pipeline.settings import DownloadSettings
from pipeline.stages.download import expand

if TYPE_CHECKING:
    from tests.pipeline.stages.download.conftest import Lab, Site

LONG = "Twelve words make one sentence here and four of them make enough. " * 5


def listed(uri: Path | str, settings: DownloadSettings, http: httpx.Client) -> list[str]:
    return [source.uri for source in expand(str(uri), settings, http)]


def rss(*items: str) -> str:
    entries = "".join(f"<item>{item}</item>" for item in items)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>F</title>{entries}</channel></rss>'


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("words")


def test_a_file_is_itself_whatever_it_is(tmp_path: Path, settings: DownloadSettings, http: httpx.Client) -> None:
    touch(tmp_path, "notes.py")
    assert list(expand(str(tmp_path / "notes.py"), settings, http)) == [Source(uri=str(tmp_path / "notes.py"))]


def test_a_folder_gives_its_files_sorted_with_those_of_its_folders(
    tmp_path: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    touch(tmp_path, "b.txt", "a.mp3", "sub/d.html", "sub/c.wav", "z.vtt", "U.MP4")
    expected = ["U.MP4", "a.mp3", "b.txt", "z.vtt", "sub/c.wav", "sub/d.html"]
    assert listed(tmp_path, settings, http) == [str(tmp_path / name) for name in expected]


def test_hidden_files_and_files_without_content_are_skipped(
    tmp_path: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    touch(tmp_path, ".hidden.mp3", ".git/x.txt", "README.md", "a.yaml", "b.py", "c.json", "d.xml", "LICENSE", "e.txt")
    assert listed(tmp_path, settings, http) == [str(tmp_path / "e.txt")]


def test_captions_that_belong_to_media_beside_them_are_not_listed(
    tmp_path: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    touch(
        tmp_path,
        "talk.mp4",
        "talk.vtt",
        "talk.en.srt",
        "other.vtt",
        "song.mp3",
        "song.srt",
        "talk.notes.vtt",
        "p.html",
        "p.vtt",
    )
    names = [Path(uri).name for uri in listed(tmp_path, settings, http)]
    assert names == ["other.vtt", "p.html", "p.vtt", "song.mp3", "talk.mp4", "talk.notes.vtt"]


def test_media_without_a_known_extension_are_found_by_their_bytes(
    tmp_path: Path, media: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    (tmp_path / "recording").write_bytes((media / "tone.mp3").read_bytes())
    touch(tmp_path, "Makefile")
    assert listed(tmp_path, settings, http) == [str(tmp_path / "recording")]


def test_a_folder_without_content_is_empty(tmp_path: Path, settings: DownloadSettings, http: httpx.Client) -> None:
    with pytest.raises(StageError, match="nothing that can be processed") as error:
        listed(tmp_path, settings, http)
    assert error.value.error_type == "empty"


@pytest.mark.parametrize("name", ["gone.mp3", "bad\0name"])
def test_a_path_that_is_not_there_is_not_found(
    tmp_path: Path, settings: DownloadSettings, http: httpx.Client, name: str
) -> None:
    with pytest.raises(StageError) as error:
        listed(f"{tmp_path}/{name}", settings, http)
    assert error.value.error_type == "not_found"


def test_entries_of_a_local_feed_are_texts_files_and_links(
    tmp_path: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_text(
        rss(
            "<title>Told &amp; done</title><link>https://example.org/1</link>"
            f"<description>&lt;p&gt;{LONG}&lt;/p&gt;</description>",
            '<title>Show</title><description>notes</description><enclosure url="show.mp3" type="audio/mpeg"/>',
            "<title>Linked</title><link>https://example.org/2</link><description>A teaser.</description>",
            "<title>File</title><link>sub/page.html</link>",
            f"<title>No link</title><description>{LONG}</description>",
        )
    )
    first, show, linked, file, last = expand(str(feed), settings, http)
    assert (first.kind, first.title, first.uri) == ("inline", "Told & done", "https://example.org/1")
    assert first.text is not None
    assert first.text.startswith("Twelve words")
    assert (show.kind, show.uri) == ("auto", str(tmp_path / "show.mp3"))
    assert (linked.kind, linked.uri) == ("auto", "https://example.org/2")
    assert (file.kind, file.uri) == ("auto", str(tmp_path / "sub/page.html"))
    assert (last.kind, last.uri) == ("inline", f"{feed}#5")


def test_an_entry_in_a_script_without_spaces_is_a_text_of_its_own(
    tmp_path: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    words = "今天早上八点一列货运列车在北部山区的隧道口附近脱轨" * 4  # 100 letters, 67 words
    feed = tmp_path / "feed.xml"
    feed.write_text(rss(f"<link>https://example.org/1</link><description>{words}</description>"), encoding="utf-8")
    (entry,) = expand(str(feed), settings, http)
    assert entry.kind == "inline"


def test_an_audio_enclosure_goes_before_long_show_notes(
    tmp_path: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    feed = tmp_path / "podcast.rss"
    feed.write_text(
        rss(f'<description>{LONG}</description><enclosure url="https://example.org/a.mp3" type="audio/mpeg"/>')
    )
    assert listed(feed, settings, http) == ["https://example.org/a.mp3"]


def test_an_atom_feed_is_read(tmp_path: Path, settings: DownloadSettings, http: httpx.Client) -> None:
    feed = tmp_path / "feed.atom"
    feed.write_text(
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title><entry><title>E</title>'
        f'<link href="https://example.org/e"/><content type="html">&lt;p&gt;{LONG}&lt;/p&gt;</content></entry></feed>'
    )
    (entry,) = expand(str(feed), settings, http)
    assert (entry.kind, entry.uri, entry.title) == ("inline", "https://example.org/e", "E")


@pytest.mark.parametrize("link", ["/etc/passwd", "../other/secret.txt", "file:///etc/passwd", "ftp://example.org/x"])
def test_a_feed_cannot_name_files_outside_its_folder(
    tmp_path: Path, settings: DownloadSettings, http: httpx.Client, link: str
) -> None:
    folder = tmp_path / "feeds"
    folder.mkdir()
    (folder / "f.xml").write_text(rss(f"<link>{link}</link>", "<link>inside.txt</link>"))
    with structlog.testing.capture_logs() as logs:
        assert listed(folder / "f.xml", settings, http) == [str(folder / "inside.txt")]
    assert [(entry["event"], entry["entry"]) for entry in logs] == [("feed_entry_skipped", 1)]


def test_a_feed_beside_the_files_it_lists_names_them_once(
    tmp_path: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    touch(tmp_path, "show.mp3")
    (tmp_path / "feed.xml").write_text(
        rss('<enclosure url="show.mp3" type="audio/mpeg"/>', "<link>https://example.org/x</link>")
    )
    assert listed(tmp_path, settings, http) == [str(tmp_path / "show.mp3"), "https://example.org/x"]


def test_the_number_of_entries_is_limited(
    tmp_path: Path, lab: Lab, settings: DownloadSettings, http: httpx.Client
) -> None:
    (tmp_path / "f.xml").write_text(rss(*(f"<link>https://example.org/{n}</link>" for n in range(9))))
    limited = lab.changed(settings, max_feed_items=3)
    assert listed(tmp_path / "f.xml", limited, http) == [f"https://example.org/{n}" for n in range(3)]


def test_a_file_that_only_looks_like_a_feed_is_corrupt(
    tmp_path: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    (tmp_path / "f.xml").write_text("<feed> & nothing")
    with pytest.raises(StageError) as error:
        listed(tmp_path / "f.xml", settings, http)
    assert error.value.error_type == "corrupt"


def test_a_feed_that_cannot_be_read_does_not_stop_the_folder_it_is_in(
    tmp_path: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    touch(tmp_path, "a.txt", "z.txt")
    (tmp_path / "f.xml").write_text("<feed> & nothing")
    assert listed(tmp_path, settings, http) == [str(tmp_path / name) for name in ("a.txt", "f.xml", "z.txt")]


def test_a_feed_without_entries_is_empty(tmp_path: Path, settings: DownloadSettings, http: httpx.Client) -> None:
    (tmp_path / "f.xml").write_text(rss())
    with pytest.raises(StageError) as error:
        listed(tmp_path / "f.xml", settings, http)
    assert error.value.error_type == "empty"


def test_entities_from_outside_are_not_read_by_the_feed_parser(
    tmp_path: Path, settings: DownloadSettings, http: httpx.Client
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hunter2 " * 60)
    feed = rss(f"<title>T</title><link>https://example.org/1</link><description>&x; {LONG}</description>")
    evil = feed.replace("<rss", f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file://{secret}">]><rss', 1)
    (tmp_path / "f.xml").write_text(evil)
    assert all("hunter2" not in (source.text or "") for source in expand(str(tmp_path / "f.xml"), settings, http))


def test_a_feed_behind_a_url_gives_its_entries(site: Site, settings: DownloadSettings, http: httpx.Client) -> None:
    items = ["<link>/articles/1</link>", "<link>https://example.org/2</link>", "<link>file:///etc/passwd</link>"]
    site.page("/blog/feed", rss(*items), kind="application/rss+xml")
    url = site.page("/moved", status=302, Location="/blog/feed")
    assert listed(url, settings, http) == [site.url("/articles/1"), "https://example.org/2"]


def test_a_large_feed_is_recognised_by_its_beginning_and_read_whole(
    site: Site, settings: DownloadSettings, http: httpx.Client
) -> None:
    url = site.page("/feed", rss(*(f"<link>https://example.org/{n}</link><title>{LONG}</title>" for n in range(600))))
    assert len(listed(url, settings, http)) == 50


def test_a_url_that_is_no_feed_is_itself(site: Site, settings: DownloadSettings, http: httpx.Client) -> None:
    urls = [site.page("/page", "<html><body>Hi</body></html>"), site.page("/x.bin", bytes(9000), kind="audio/mpeg")]
    assert [uri for url in urls for uri in listed(url, settings, http)] == urls


def test_a_url_that_cannot_be_reached_is_left_to_the_download_stage(
    site: Site, settings: DownloadSettings, http: httpx.Client
) -> None:
    assert listed(site.url("/gone"), settings, http) == [site.url("/gone")]


def test_media_and_video_sites_are_not_asked_whether_they_are_feeds(
    site: Site, settings: DownloadSettings, http: httpx.Client
) -> None:
    urls = [site.url("/talk.mp3"), site.url("/words.txt"), "https://www.youtube.com/watch?v=x"]
    assert [uri for url in urls for uri in listed(url, settings, http)] == urls
    assert site.requests == []


def test_a_url_of_another_scheme_is_unsupported(settings: DownloadSettings, http: httpx.Client) -> None:
    with pytest.raises(StageError, match="ftp: URLs are not supported") as error:
        listed("ftp://example.org/x", settings, http)
    assert error.value.error_type == "unsupported"
