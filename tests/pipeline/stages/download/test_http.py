from __future__ import annotations

import gzip
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from pipeline.errors import StageError
from pipeline.settings import DownloadSettings
from pipeline.stages.download.budget import Budget
from pipeline.stages.download.http import save

if TYPE_CHECKING:
    from tests.pipeline.stages.download.conftest import Site

ROOM = 1_000_000


def fetch(
    http: httpx.Client, url: str, workdir: Path, room: int = ROOM, seconds: float = 20.0, attempts: int = 1
) -> bytes:
    settings = DownloadSettings(allow_private_addresses=True, attempts=attempts)
    return save(http, url, workdir, settings, Budget(room, seconds)).path.read_bytes()


def test_a_body_is_saved_with_what_the_server_said_of_it(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    site.page("/end", b"\xe9t\xe9", kind="text/plain; charset=ISO-8859-1")
    url = site.page("/start", status=301, Location="/end")
    answer = save(http, url, tmp_path, DownloadSettings(), Budget(ROOM, 20.0))
    assert answer.path.read_bytes() == b"\xe9t\xe9"
    assert answer.path.parent == tmp_path
    assert (answer.url, answer.content_type, answer.charset) == (site.url("/end"), "text/plain", "iso-8859-1")


@pytest.mark.parametrize(
    ("status", "error_type", "retryable"),
    [
        (401, "auth", False),
        (403, "auth", False),
        (404, "not_found", False),
        (410, "not_found", False),
        (418, "http_status", False),
        (429, "rate_limited", True),
        (500, "http_status", True),
        (501, "http_status", False),
        (503, "http_status", True),
    ],
)
def test_an_http_status_becomes_a_bounded_error(
    site: Site, http: httpx.Client, tmp_path: Path, status: int, error_type: str, retryable: bool
) -> None:
    url = site.page("/", "nothing", status=status)
    with pytest.raises(StageError, match=f"HTTP status {status}") as error:
        fetch(http, url, tmp_path)
    assert (error.value.error_type, error.value.retryable) == (error_type, retryable)
    assert list(tmp_path.glob("download-*")) == []


def failing_first(site: Site, path: str, failures: int, status: int, retry_after: str | None = None) -> str:
    left = [failures]

    def answer(request: BaseHTTPRequestHandler) -> None:
        left[0] -= 1
        request.send_response(status if left[0] >= 0 else 200)
        if retry_after is not None:
            request.send_header("Retry-After", retry_after)
        request.send_header("Content-Length", "2")
        request.end_headers()
        request.wfile.write(b"ok")

    return site.serve(path, answer)


def test_a_rate_limited_request_succeeds_after_the_wait_that_was_asked_for(
    site: Site, http: httpx.Client, tmp_path: Path
) -> None:
    url = failing_first(site, "/", failures=2, status=429, retry_after="0")
    assert fetch(http, url, tmp_path, attempts=3) == b"ok"
    assert len(site.requests) == 3


def test_the_wait_asked_for_is_kept(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    url = failing_first(site, "/", failures=1, status=503, retry_after="1")
    started = time.monotonic()
    assert fetch(http, url, tmp_path, attempts=2) == b"ok"
    assert time.monotonic() - started >= 1.0


def test_a_wait_longer_than_the_budget_ends_the_tries_at_once(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    url = failing_first(site, "/", failures=1, status=429, retry_after="3600")
    with pytest.raises(StageError) as error:
        fetch(http, url, tmp_path, attempts=3)
    assert error.value.error_type == "rate_limited"
    assert len(site.requests) == 1


def test_attempts_are_limited(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    url = failing_first(site, "/", failures=9, status=503, retry_after="0")
    with pytest.raises(StageError):
        fetch(http, url, tmp_path, attempts=2)
    assert len(site.requests) == 2


def test_what_is_not_there_is_not_asked_for_again(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    with pytest.raises(StageError):
        fetch(http, site.url("/gone"), tmp_path, attempts=3)
    assert len(site.requests) == 1


def test_a_fault_without_a_wished_wait_is_tried_again_after_our_own(
    site: Site, http: httpx.Client, tmp_path: Path
) -> None:
    url = failing_first(site, "/", failures=1, status=500)
    assert fetch(http, url, tmp_path, attempts=2) == b"ok"


def test_content_that_announces_itself_as_too_large_is_refused_before_its_body(
    site: Site, http: httpx.Client, tmp_path: Path
) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "999999999")
        request.end_headers()
        site.closing.wait(10)

    url = site.serve("/", answer)
    with pytest.raises(StageError, match="1,000,000 bytes") as error:
        fetch(http, url, tmp_path)
    assert error.value.error_type == "too_large"


def test_content_that_grows_beyond_the_limit_is_cut_off(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not site.closing.is_set():
            request.wfile.write(b"x" * 65536)

    url = site.serve("/", answer)
    with pytest.raises(StageError) as error:
        fetch(http, url, tmp_path)
    assert error.value.error_type == "too_large"
    assert list(tmp_path.glob("download-*")) == []


def test_a_gzip_bomb_is_measured_by_what_comes_out_of_it(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < ROOM / 10
    url = site.page("/", bomb, Content_Encoding="gzip")
    with pytest.raises(StageError) as error:
        fetch(http, url, tmp_path)
    assert error.value.error_type == "too_large"


def test_a_compressed_body_is_unpacked(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    url = site.page("/", gzip.compress(b"words " * 1000), Content_Encoding="gzip")
    assert fetch(http, url, tmp_path) == b"words " * 1000


def test_a_compression_that_was_not_asked_for_is_refused(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    url = site.page("/", b"xyz", Content_Encoding="br")
    with pytest.raises(StageError) as error:
        fetch(http, url, tmp_path)
    assert error.value.error_type == "unsupported"


def test_a_server_that_keeps_silent_runs_into_the_time_limit(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    url = site.serve("/", lambda request: site.closing.wait(10))
    with pytest.raises(StageError, match=r"limit of 0\.3 s") as error:
        fetch(http, url, tmp_path, seconds=0.3, attempts=3)
    assert error.value.error_type == "timeout"


@pytest.mark.parametrize("in_headers", [True, False])
def test_a_server_that_sends_a_byte_now_and_then_runs_into_the_time_limit(
    site: Site, http: httpx.Client, tmp_path: Path, in_headers: bool
) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"X-Long: " if in_headers else b"\r\n"))
        while not site.closing.wait(0.02):
            request.wfile.write(b"x")

    url = site.serve("/", answer)
    started = time.monotonic()
    with pytest.raises(StageError) as error:
        fetch(http, url, tmp_path, seconds=0.4)
    assert error.value.error_type == "timeout"
    assert time.monotonic() - started < 5


def test_a_body_that_breaks_off_is_a_retryable_network_error(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    url = site.page("/", b"half", Content_Length="400")
    with pytest.raises(StageError) as error:
        fetch(http, url, tmp_path)
    assert (error.value.error_type, error.value.retryable) == ("network", True)


def test_an_answer_that_is_not_http_is_a_network_error(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    url = site.serve("/", lambda request: request.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n"))
    with pytest.raises(StageError) as error:
        fetch(http, url, tmp_path)
    assert error.value.error_type == "network"


def test_a_folder_that_cannot_be_written_is_a_storage_error(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    url = site.page("/", "words")
    with pytest.raises(StageError) as error:
        fetch(http, url, tmp_path / "missing")
    assert error.value.error_type == "storage"
