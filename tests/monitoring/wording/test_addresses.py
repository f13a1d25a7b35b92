from __future__ import annotations

import pytest

from monitoring.wording.addresses import is_http_address, without_password


@pytest.mark.parametrize(
    ("text", "can_be_asked"),
    [
        ("http://localhost:9090", True), ("https://u:p@prom.example/x", True), ("http://[::1]:9090", True),
        ("localhost:9090", False), ("ftp://a", False), ("http://", False), ("http://:9090", False),
        ("http://a:99999", False), ("http://a:port", False), ("http://[::1", False), ("", False),
    ],
)  # fmt: skip
def test_an_address_has_a_scheme_a_host_and_a_port_that_can_be(text: str, can_be_asked: bool) -> None:
    assert is_http_address(text) is can_be_asked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://user:sesame@a.example:9090/x?y=1", "http://a.example:9090/x?y=1"),
        ("https://ses@me@a.example", "https://a.example"),
        ("http://a.example", "http://a.example"),
        ("http://u@[::1]:9/", "http://[::1]:9/"),
    ],
)
def test_an_address_is_shown_without_user_and_password(url: str, shown: str) -> None:
    assert without_password(url) == shown
