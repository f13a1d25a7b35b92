from __future__ import annotations

import pytest

from pipeline.errors import StageError
from pipeline.stages.download.url import check_url, is_url, is_video_site, last_part, redacted


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("https://a.example", True), ("HTTP://a", True), ("git+ssh://a", True), ("://a", False), ("a b://c", False),
        ("/home/a://b", False), ("C:\\talk.mp3", False), ("talk.mp3", False), ("", False),
    ],
)  # fmt: skip
def test_a_users_words_are_a_url_when_they_begin_with_a_scheme(words: str, found: bool) -> None:
    assert is_url(words) is found


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://a.example/x", "ftp: URLs are not supported"),
        ("file:///etc/passwd", "file: URLs are not supported"),
        ("http:///x", "names no host"),
        ("https://user:sesame@a.example/x", r"refused \(host a\.example\)"),
        ("https://@a.example/x", "refused"),
        ("http://a:99999/", "not a valid URL"),
        ("http://[::1/", "not a valid URL"),
    ],
)
def test_what_may_not_be_requested_is_unsupported_and_no_secret_is_repeated(url: str, said: str) -> None:
    with pytest.raises(StageError, match=said) as error:
        check_url(url)
    assert error.value.error_type == "unsupported"
    assert "sesame" not in str(error.value)


def test_a_url_that_may_be_requested_is_given_back_as_it_is() -> None:
    url = "HTTPS://A.example:8443/x%20y?q=1#z"
    assert check_url(url) is url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@a.example:8443/x?token=sesame#t", "https://a.example:8443/x"),
        ("http://a.example", "http://a.example"),
        ("http://a:99999/x?sesame", "the URL"),
    ],
)
def test_messages_show_neither_credentials_nor_query(url: str, shown: str) -> None:
    assert redacted(url) == shown


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://www.youtube.com/watch?v=1", True), ("https://YOUTU.BE/1", True), ("https://notyoutube.com/1", False),
        ("https://youtube.com.evil.example/1", False), ("https://vimeo.com:443/1", True), ("not a url", False),
    ],
)  # fmt: skip
def test_a_video_site_is_known_by_its_host_or_the_end_of_it(url: str, found: bool) -> None:
    assert is_video_site(url) is found


def test_the_last_part_of_the_path_is_a_files_name() -> None:
    assert last_part("https://a.example/b/talk.mp3?x=/y") == "talk.mp3"
    assert last_part("https://a.example/b/") == last_part("https://a.example") == ""
