from __future__ import annotations

import logging

import pytest

from pipeline.stages.download.article import extract_article, has_player, is_video_page


def test_an_article_has_text_title_and_description(article_page: str) -> None:
    found = extract_article(article_page.encode(), "https://example.org/pool?token=x")
    assert (found.title, found.description) == ("Pool stays open", "A vote.")
    assert found.words > 100
    assert "Imprint" not in found.text


def test_a_page_without_text_still_has_its_title() -> None:
    found = extract_article(b"<html><head><title>A &amp; B</title></head><body></body></html>")
    assert (found.text, found.words, found.title) == ("", 0, "A & B")


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251", "utf-16"])
def test_a_page_is_decoded_by_what_it_declares(article_page: str, encoding: str) -> None:
    page = article_page.replace("<head>", '<head><meta charset="windows-1251">').replace(
        "The council", "Совет (council)"
    )
    assert "Совет" in extract_article(page.encode(encoding)).text


@pytest.mark.parametrize(
    "page", ["<", "<html", "<!DOCTYPE html>", "<p>" * 20_000, "<div>\0</div>", "<html>" + "&" * 5000]
)
def test_a_broken_page_is_no_more_than_a_page_without_text(page: str) -> None:
    assert extract_article(page.encode()).words < 2


def test_a_secret_in_the_url_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        extract_article(b"<html><body><form>x</form></body></html>", "https://example.org/?token=hunter2")
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("page", "is_video"),
    [
        ('<meta property="og:video" content="https://example.org/v.mp4">', True),
        ("<meta name='twitter:player' content='x'>", True),
        ('<meta content="x" property="og:type"><meta property="og:type" content="video.other">', True),
        ('<meta property="og:image" content="x"><meta property="og:type" content="article">', False),
    ],
)
def test_a_page_of_a_video_says_so_in_its_head(page: str, is_video: bool) -> None:
    assert is_video_page(page) is is_video


def test_a_player_is_a_video_or_audio_element() -> None:
    assert has_player('<p><video src="a.mp4">')
    assert has_player("<AUDIO>")
    assert not has_player("<videos-of-cats>")
