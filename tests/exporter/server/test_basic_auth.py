from __future__ import annotations

import asyncio
from pathlib import Path

import bcrypt
import pytest
from starlette.types import Scope

from exporter.errors import ApiError
from exporter.server.basic_auth import BasicAuth, credentials
from pipeline.settings import Secret
from tests.exporter.conftest import Serve

GOOD = {"processing_type": "full"}


def web_config(folder: Path, text: str) -> Path:
    path = folder / "web-config.yml"
    path.write_text(text)
    return path


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
