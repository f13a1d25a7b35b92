from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from pipeline.errors import StageError
from pipeline.settings import DownloadSettings
from pipeline.stages.download import make_client
from pipeline.stages.download.budget import Budget
from pipeline.stages.download.http import opened, save
from tests.servers import LocalServer, write

if TYPE_CHECKING:
    from tests.pipeline.stages.download.conftest import Site


def budget() -> Budget:
    return Budget(10_000_000, 20.0)


def get(http: httpx.Client, url: str) -> bytes:
    with opened(http, url, budget()) as response:
        return response.read()


@pytest.fixture
def loopback_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this machine stand in for a public one, so that a first hop can be made under the strict rule."""
    monkeypatch.setattr("pipeline.stages.download.address.is_public", lambda address: address == "127.0.0.1")


def test_loopback_is_refused_and_never_dialled(site: Site, strict: httpx.Client) -> None:
    url = site.page("/secret", "inner")
    with pytest.raises(StageError) as error:
        get(strict, url)
    assert error.value.error_type == "forbidden_address"
    assert site.requests == []


@pytest.mark.parametrize("host", ["localhost", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
def test_every_spelling_of_loopback_is_refused(site: Site, strict: httpx.Client, host: str) -> None:
    with pytest.raises(StageError) as error:
        get(strict, site.url("/", host))
    assert error.value.error_type == "forbidden_address"


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://[::1]/", "http://192.168.0.1:1/"]
)
@pytest.mark.usefixtures("loopback_is_public")
def test_a_redirect_to_a_private_address_is_refused(site: Site, strict: httpx.Client, target: str) -> None:
    url = site.page("/go", status=302, Location=target)
    with pytest.raises(StageError) as error:
        get(strict, url)
    assert error.value.error_type == "forbidden_address"
    assert site.requests == ["/go"]


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://example.org/x", "gopher://127.0.0.1/", "http://user:pw@127.0.0.1/"]
)
def test_a_redirect_to_another_scheme_or_with_credentials_is_refused(
    site: Site, http: httpx.Client, target: str
) -> None:
    url = site.page("/go", status=302, Location=target)
    with pytest.raises(StageError) as error:
        get(http, url)
    assert error.value.error_type == "unsupported"
    assert "pw" not in str(error.value)


def test_redirects_are_followed_up_to_the_limit(site: Site) -> None:
    for number in range(4):
        site.page(f"/{number}", status=302, Location=f"/{number + 1}")
    site.page("/4", "arrived")
    with make_client(DownloadSettings(allow_private_addresses=True, max_redirects=4)) as http:
        assert get(http, site.url("/0")) == b"arrived"
    with make_client(DownloadSettings(allow_private_addresses=True, max_redirects=3)) as http:
        with pytest.raises(StageError, match="redirects too often") as error:
            get(http, site.url("/0"))
        assert error.value.error_type == "http_status"


def test_a_name_that_changes_its_address_is_judged_at_every_connection(site: Site) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    site.page("/", "hello", Connection="close")
    settings = DownloadSettings(allow_private_addresses=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.stages.download.address.is_public", lambda address: address == "127.0.0.1")
        with make_client(settings, resolver=lambda host, port: next(answers)) as http:
            assert get(http, site.url("/", "rebinding.test")) == b"hello"
            with pytest.raises(StageError) as error:
                get(http, site.url("/", "rebinding.test"))
    assert error.value.error_type == "forbidden_address"


def test_the_dialled_address_is_the_checked_one_and_the_host_header_keeps_the_name(site: Site) -> None:
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    site.page("/", "hello")
    with make_client(DownloadSettings(allow_private_addresses=True), resolver) as http:
        get(http, site.url("/", "pinned.test"))
    assert asked == ["pinned.test"]
    assert site.headers[0]["Host"] == f"pinned.test:{site.port}"


def test_the_next_address_is_tried_when_one_does_not_answer(site: Site) -> None:
    site.page("/", "hello")  # served on 127.0.0.1 and nowhere else
    settings = DownloadSettings(allow_private_addresses=True)
    with make_client(settings, resolver=lambda host, port: ["::1", "127.0.0.1"]) as http:
        assert get(http, site.url("/", "two.test")) == b"hello"


def test_a_host_that_does_not_exist_is_not_found() -> None:
    def nobody(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such host")

    with make_client(DownloadSettings(), nobody) as http, pytest.raises(StageError, match=r"no host named gone\.test"):
        get(http, "http://gone.test/")


def test_a_resolver_that_fails_for_the_moment_is_a_retryable_network_error() -> None:
    def later(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    with make_client(DownloadSettings(), later) as http, pytest.raises(StageError) as error:
        get(http, "http://later.test/")
    assert (error.value.error_type, error.value.retryable) == ("network", True)


def test_a_refused_connection_is_a_retryable_network_error(http: httpx.Client) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(StageError, match="refused") as error:
            get(http, f"http://127.0.0.1:{unused.getsockname()[1]}/")
    assert (error.value.error_type, error.value.retryable) == ("network", True)


def test_cookies_of_one_answer_are_not_sent_with_the_next_request(site: Site, http: httpx.Client) -> None:
    url = site.page("/", "hello", Set_Cookie="session=1")
    get(http, url)
    get(http, url)
    assert "Cookie" not in site.headers[1]


def test_proxies_from_the_environment_are_ignored(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    url = site.page("/", "hello")
    with make_client(DownloadSettings(allow_private_addresses=True)) as http:
        assert get(http, url) == b"hello"


@pytest.mark.parametrize("url", ["http://user:secret@127.0.0.1/", "ftp://127.0.0.1/", "http:///path", "http://[::1/"])
def test_a_url_that_may_not_be_requested_is_unsupported(http: httpx.Client, url: str) -> None:
    with pytest.raises(StageError) as error:
        get(http, url)
    assert error.value.error_type == "unsupported"
    assert "secret" not in str(error.value)


def test_messages_hold_no_query_of_a_url(site: Site, http: httpx.Client, tmp_path: Path) -> None:
    with pytest.raises(StageError) as error:
        save(http, site.url("/gone?token=hunter2"), tmp_path, DownloadSettings(), budget())
    assert "hunter2" not in str(error.value)
    assert "/gone" in str(error.value)


class Secure(LocalServer):
    def handle(self, request: BaseHTTPRequestHandler) -> None:
        write(request, 200, {"Content-Length": "6"}, b"secure")


@pytest.fixture
def tls_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A TLS server with a certificate for site.test, which the client trusts."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("making a certificate needs openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = (
        f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=site.test -addext subjectAltName=DNS:site.test"
    )
    subprocess.run([*request.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    monkeypatch.setitem(os.environ, "SSL_CERT_FILE", str(certificate))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Secure(context)
    yield server.port
    server.close()


def test_tls_is_verified_against_the_name_though_an_address_is_dialled(tls_site: int) -> None:
    settings = DownloadSettings(allow_private_addresses=True)
    with make_client(settings, resolver=lambda host, port: ["127.0.0.1"]) as http:
        assert get(http, f"https://site.test:{tls_site}/") == b"secure"


def test_a_certificate_for_another_name_is_refused(tls_site: int) -> None:
    settings = DownloadSettings(allow_private_addresses=True)
    with (
        make_client(settings, resolver=lambda host, port: ["127.0.0.1"]) as http,
        pytest.raises(StageError, match="certificate is not valid") as error,
    ):
        get(http, f"https://other.test:{tls_site}/")
    assert error.value.error_type == "network"
