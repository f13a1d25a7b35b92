from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from exporter.app import create_app
from exporter.server.webconfig import load_web_config
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.errors import ConfigError
from tests.exporter.conftest import Serve


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificates")
    folder = tmp_path_factory.mktemp("certificates")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
               "-keyout", "key.pem", "-out", "cert.pem"]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def web_config(folder: Path, text: str) -> Path:
    path = folder / "web-config.yml"
    path.write_text(text)
    return path


def test_tls_comes_from_the_same_file_as_for_prometheus(serve: Serve, certificates: Path) -> None:
    path = web_config(certificates, "tls_server_config: {cert_file: cert.pem, key_file: key.pem, min_version: TLS13}")
    running = serve(web_config=path)
    assert running.url.startswith("https://")
    assert running.client.get("/ready").status_code == 200
    with pytest.raises(httpx.HTTPError):
        httpx.get(running.url.replace("https", "http"))


def test_a_client_certificate_can_be_required(serve: Serve, certificates: Path) -> None:
    path = web_config(
        certificates,
        "tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_ca_file: cert.pem, "
        "client_auth_type: RequireAndVerifyClientCert}",
    )
    running = serve(web_config=path)
    with pytest.raises(httpx.HTTPError):
        running.client.get("/ready")


def test_without_tls_a_server_that_should_have_it_does_not_answer(certificates: Path, tmp_path: Path) -> None:
    path = web_config(certificates, "tls_server_config: {cert_file: cert.pem, key_file: key.pem}")
    app = create_app(settings=ExporterSettings(web_config=path), config=Config())

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            return await client.get("/metrics")

    assert asyncio.run(ask()).status_code == 403


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("tls_server_confg: {}", "tls_server_confg"),
        ("tls_server_config: {cert_file: cert.pem}", "tls_server_config.key_file"),
        ("tls_server_config: {cert_file: no.pem, key_file: no.pem}", "tls_server_config.cert_file"),
        ("tls_server_config: {cert_file: a, key_file: b, min_version: TLS10}", "tls_server_config.min_version"),
        ("tls_server_config: {cert_file: a, key_file: b, cipher_suites: [x]}", "tls_server_config.cipher_suites"),
        ("tls_server_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}",
         "tls_server_config.client_auth_type"),
        ("basic_auth_users: {a: plain}", "basic_auth_users.a"),
        ("http_server_config: {http2: true}", "http_server_config.http2"),
        ("http_server_config: {headers: {X-Nope: a}}", "http_server_config.headers.X-Nope"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_web_config(web_config(tmp_path, text))
    assert key in [problem.key for problem in caught.value.problems]
    assert "plain" not in str(caught.value)  # a password written by mistake is not printed
