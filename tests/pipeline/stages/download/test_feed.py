from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import StageError
from pipeline.item import Source
from pipeline.stages.download.feed import MIN_INLINE_WORDS, beside, entries_of, online

WORDS = "word " * MIN_INLINE_WORDS


def rss(*items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>f</title>{"".join(f"<item>{item}</item>" for item in items)}</channel></rss>'.encode()


def entries(data: bytes, most: int = 10) -> list[Source]:
    return list(entries_of(data, "feed.xml", online("https://a.example/feed.xml"), most))


def test_sound_goes_before_text_text_before_a_link_and_a_teaser_is_no_text() -> None:
    sound = '<enclosure url="talk.mp3" type="audio/mpeg" length="1"/>'
    found = entries(
        rss(
            f"<title>One</title>{sound}<description>{WORDS}</description>",
            f"<title>Two</title><link>https://a.example/two</link><description>{WORDS}</description>",
            "<title>Three</title><link>/three</link><description>only a teaser</description>",
        )
    )
    assert found[0] == Source("https://a.example/talk.mp3", title="One")
    assert (found[1].uri, found[1].kind, found[1].title) == ("https://a.example/two", "inline", "Two")
    assert found[2] == Source("https://a.example/three", title="Three")


def test_a_text_without_a_link_is_known_by_its_place_in_the_feed() -> None:
    assert entries(rss("<title>x</title>", f"<description>{WORDS}</description>"))[0].uri == "feed.xml#2"


def test_markup_is_taken_out_of_titles_and_texts() -> None:
    html = f"&lt;p&gt;{WORDS}&lt;b&gt;end&lt;/b&gt;&lt;/p&gt;"
    (found,) = entries(rss(f"<title>A &lt;i&gt;b&lt;/i&gt;</title><description>{html}</description>"))
    assert found.title == "A b"
    assert found.text is not None
    assert "<" not in found.text


@pytest.mark.parametrize(
    "link", ["file:///etc/passwd", "javascript:alert(1)", "https://u:p@a.example/x", "http://[::1/"]
)
def test_a_link_that_may_not_be_requested_makes_no_entry(link: str) -> None:
    assert entries(rss(f"<link>{link}</link><description>short</description>")) == []


def test_a_local_feed_names_files_of_its_own_folder_and_the_web_and_nothing_else(tmp_path: Path) -> None:
    locate = beside(tmp_path)
    assert locate("sub/talk.mp3") == str(tmp_path / "sub/talk.mp3")
    assert locate("https://a.example/x") == "https://a.example/x"
    for outside in ("../x.mp3", "/etc/passwd", "sub/../../x", "file:///etc/passwd"):
        assert locate(outside) is None


def test_no_more_entries_are_taken_than_asked_for() -> None:
    feed = rss(*(f"<link>https://a.example/{n}</link>" for n in range(9)))
    assert [source.uri for source in entries(feed, 2)] == ["https://a.example/0", "https://a.example/1"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"", "corrupt"), (b"no feed at all", "corrupt"), (b"<html><body>x</body></html>", "corrupt"), (rss(), "empty")],
)
def test_what_is_no_feed_is_corrupt_and_one_without_entries_empty(data: bytes, kind: str) -> None:
    with pytest.raises(StageError) as error:
        entries(data)
    assert error.value.error_type == kind
