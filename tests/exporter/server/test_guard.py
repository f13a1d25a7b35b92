from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import bcrypt
import httpx
import pytest
import structlog
from starlette.types import Message, Receive, Scope, Send

from exporter.app import create_app
from exporter.errors import ApiError
from exporter.server.basic_auth import BasicAuth, credentials
from exporter.server.guard import Guard
from exporter.server.webconfig import load_web_config
from exporter.settings import ExporterSettings
from pipeline.configuration.config import Config
from pipeline.errors import ConfigError
from pipeline.settings import Secret
from tests.exporter.conftest import Serve

GOOD = {"processing_type": "full"}
WRITES = [
    ("POST", "/api/performance/record", GOOD),
    ("POST", "/api/performance/record/batch", [GOOD]),
    ("POST", "/api/events", {"type": "quality_assessed", "margin": 0.1}),
    ("POST", "/api/alerts", {"alerts": []}),
    ("DELETE", "/api/performance/reset", None),
    ("PUT", "/metrics/job/x", None),
    ("DELETE", "/metrics/job/x", None),
]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_every_write_needs_the_token(serve: Serve, method: str, path: str, body: Any) -> None:
    running = serve(token=Secret("s3cret-token"), allow_reset=True)
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "s3cret-token"},
                   {"Authorization": "Bearer s3cret-token2"}):  # fmt: skip
        response = running.client.request(method, path, json=body, headers=header)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert "s3cret" not in response.text
    assert running.value('exporter_rejected_records_total{reason="unauthorized"}') == 4
    response = running.client.request(method, path, json=body, headers={"Authorization": "bearer s3cret-token"})
    assert response.status_code in (200, 202, 415)
    response = running.client.request(method, path, json=body, auth=("any", "s3cret-token"))
    assert response.status_code in (200, 202, 415)


def test_a_page_of_another_site_may_not_write(serve: Serve) -> None:
    running = serve()
    for path in ("/api/performance/record", "/api/events"):
        response = running.client.post(path, json=GOOD, headers={"Sec-Fetch-Site": "cross-site"})
        assert response.status_code == 403
    assert running.client.get("/metrics", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert (
        running.client.post("/api/performance/record", json=GOOD, headers={"Sec-Fetch-Site": "none"}).status_code == 200
    )


def test_reading_is_open_unless_it_is_guarded_too(serve: Serve, tmp_path: Path) -> None:
    opened = serve(token=Secret("t"))
    assert opened.client.get("/metrics").status_code == 200
    guarded = serve(token=Secret("t"), guard_reads=True, journal=tmp_path / "other.sqlite")
    for path in ("/metrics", "/", "/api/performance/", "/openapi.json"):
        assert guarded.client.get(path).status_code == 401
        assert guarded.client.get(path, headers={"Authorization": "Bearer t"}).status_code == 200
    for path in ("/health", "/ready"):
        assert guarded.client.get(path).status_code == 200
    assert (
        guarded.exporter.metrics.registry.get_sample_value(
            "exporter_rejected_records_total", {"reason": "unauthorized"}
        )
        == 0
    )  # fmt: skip - no record was refused


def test_answers_carry_security_headers_and_a_request_id(serve: Serve) -> None:
    running = serve()
    for response in (
        running.client.get("/"),
        running.client.get("/metrics"),
        running.client.get("/nope"),
        running.record(),
    ):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert response.headers["x-request-id"]
    acknowledged = running.record(**GOOD)
    assert acknowledged.headers["x-content-type-options"] == "nosniff"
    given = running.client.get("/health", headers={"X-Request-ID": "abc123"})
    assert given.headers["x-request-id"] == "abc123"
    forged = running.client.get("/health", headers={"X-Request-ID": "x;y=z"})
    assert forged.headers["x-request-id"] != "x;y=z"


def test_the_access_log_is_off_by_default_and_structured_when_on(serve: Serve) -> None:
    with structlog.testing.capture_logs() as logs:
        serve(journal=None).client.get("/health")
        assert not [entry for entry in logs if entry["event"] == "request"]
        running = serve(journal=None, access_log=True, token=Secret("hidden"))
        running.client.get("/health?token=hidden", headers={"X-Request-ID": "r1"})
    entry = next(entry for entry in logs if entry["event"] == "request")
    assert (entry["method"], entry["path"], entry["status"], entry["request_id"]) == ("GET", "/health", 200, "r1")
    assert entry["duration_seconds"] >= 0
    assert "hidden" not in json.dumps(entry)


def test_an_unexpected_error_is_an_answer_in_json_with_the_request_id() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("secret detail")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {"type": "http", "method": "GET", "path": "/x", "scheme": "http", "headers": []}
    guard = Guard(broken, ExporterSettings(), lambda error: None)
    with structlog.testing.capture_logs() as logs:
        asyncio.run(guard(scope, asyncio.Event().wait, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 500
    error = json.loads(sent[1]["body"])["error"]
    assert "secret" not in json.dumps(error)
    assert error["request_id"] == logs[0]["request_id"]


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


def test_users_and_passwords_come_from_that_file_too(serve: Serve, tmp_path: Path) -> None:
    digest = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
    text = f"basic_auth_users: {{scraper: {digest}}}\nhttp_server_config: {{headers: {{X-Frame-Options: SAMEORIGIN}}}}"
    running = serve(web_config=web_config(tmp_path, text))
    for auth in (None, ("scraper", "wrong"), ("nobody", "right"), ("", "")):
        response = running.client.get("/metrics", auth=auth)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Basic")
    for _ in range(2):
        response = running.client.get("/metrics", auth=("scraper", "right"))
        assert response.status_code == 200
    assert response.headers["x-frame-options"] == "SAMEORIGIN"
    assert running.record(**GOOD).status_code == 401


def test_a_scrapers_password_does_not_allow_writing_when_there_is_a_token(serve: Serve, tmp_path: Path) -> None:
    digest = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
    path = web_config(tmp_path, f"basic_auth_users: {{scraper: {digest}}}")
    running = serve(web_config=path, token=Secret("t"), guard_reads=True)
    scraper = ("scraper", "right")
    assert running.client.get("/metrics", auth=scraper).status_code == 200
    assert running.client.post("/api/performance/record", json=GOOD, auth=scraper).status_code == 401
    assert running.client.get("/metrics", headers={"Authorization": "Bearer t"}).status_code == 200


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


def test_broken_authorization_headers_are_no_credentials() -> None:
    for header in ("", "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Basic /w==", "Digest x"):
        assert credentials(header) is None
    assert credentials("basic YTpiOmM=") == ("a", b"b:c")


def test_passwords_are_checked_once_and_remembered() -> None:
    digest = bcrypt.hashpw(b"p", bcrypt.gensalt(4)).decode()
    auth = BasicAuth({"u": digest, "bad": "no hash"})
    import base64

    def scope(user: str, password: str) -> Scope:
        pair = base64.b64encode(f"{user}:{password}".encode())
        return {"type": "http", "headers": [(b"authorization", b"Basic " + pair)]}

    async def check() -> None:
        for n in range(150):
            with pytest.raises(ApiError):
                await auth.check(scope("u", f"guess-{n}"))
        with pytest.raises(ApiError):
            await auth.check(scope("bad", "x"))
        await auth.check(scope("u", "p"))

    asyncio.run(check())
    assert len(auth._known) <= 100
