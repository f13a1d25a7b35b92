from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import StageError
from pipeline.item import Claim, Fallacy, Scores
from pipeline.settings import PublishSettings, Secret
from pipeline.stages.publish import DiscordPublisher, escaped, message
from tests.servers import Answer, LocalServer

TOKEN = "wh-t0k3n-9c41e7"
SCORES = Scores(0.8, 0.7, 0.6, 0.5)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def faults_of(body: Any) -> list[str]:
    """What Discord would refuse, counted in UTF-16 units (it counts code points, of which there are never more)."""
    (embed,) = body["embeds"]
    fields = embed.get("fields", [])
    limited = [(embed["title"], 256), (embed.get("description", ""), 4096), (embed["footer"]["text"], 2048)]
    limited += [(field["name"], 256) for field in fields] + [(field["value"], 1024) for field in fields]
    faults = [text for text, limit in limited if units(text) > limit]
    faults += [field["name"] for field in fields if not (field["name"].strip() and field["value"].strip())]
    if len(fields) > 25 or sum(units(text) for text, _ in limited) > 6000 or not embed["title"].strip():
        faults.append("embed")
    if "url" in embed and urlsplit(embed["url"]).scheme not in ("http", "https"):
        faults.append("url")
    return faults if body["allowed_mentions"] == {"parse": []} else ["allowed_mentions"]


class Discord(LocalServer):
    """A server on this machine that speaks Discord's webhook protocol and enforces its limits."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.asked = 0
        self.replies: list[tuple[int, dict[str, str], Any]] = []
        self._lock = threading.Lock()
        super().__init__()

    @property
    def webhook(self) -> str:
        return f"{self.origin}/api/webhooks/1234/{TOKEN}"

    def answer(self, request: BaseHTTPRequestHandler, body: Any) -> Answer:
        with self._lock:
            self.asked += 1
            if self.replies:
                return self.replies.pop(0)
            parts = urlsplit(request.path)
            if parts.path != f"/api/webhooks/1234/{TOKEN}" or request.headers["Host"] != urlsplit(self.webhook).netloc:
                return 404, {}, {"message": "Unknown Webhook", "code": 10015}
            if faults_of(body):
                return 400, {}, {"message": "Invalid Form Body", "code": 50035}
            self.posts.append(body)
            waits = parse_qs(parts.query).get("wait") == ["true"]
            return (200, {}, {"id": "1"}) if waits else (204, {}, None)


@pytest.fixture
def discord() -> Iterator[Discord]:
    server = Discord()
    yield server
    server.close()


def publisher(webhook: str | None, **more: Any) -> DiscordPublisher:
    settings = PublishSettings(discord_webhook_url=Secret(webhook), **more)
    return DiscordPublisher(settings, first_backoff_seconds=0.001)


def post(webhook: str | None, **more: Any) -> None:
    item: dict[str, Any] = {
        "title": "On dams", "url": "https://example.org/dams", "content_type": "news", "scores": SCORES, "summary": "A dam holds.",
    }  # fmt: skip
    with publisher(webhook) as opened:
        opened.publish(**(item | more))


def refusal(webhook: str | None) -> StageError:
    with pytest.raises(StageError) as raised:
        post(webhook)
    assert TOKEN not in str(raised.value)
    assert raised.value.__cause__ is None
    return raised.value


def test_an_item_becomes_one_embed(discord: Discord) -> None:
    claims = (Claim("The dam is 9 m long.", 0.5), Claim("It was built in 1891.", 0.5))
    post(discord.webhook, claims=claims, fallacies=(Fallacy("straw man", "So you want no dams.", 0.4),))
    (body,) = discord.posts
    (embed,) = body["embeds"]
    assert (embed["title"], embed["url"], embed["description"]) == (
        "On dams",
        "https://example.org/dams",
        "A dam holds.",
    )
    assert {field["name"]: field["value"] for field in embed["fields"]} == {
        "Type": "news",
        "Quality": "overall 0.80 · coherence 0.70 · completeness 0.60 · informativeness 0.50",
        "Claims": "- The dam is 9 m long.\n- It was built in 1891.",
        "Possible fallacies": "- straw man: So you want no dams.",
    }


def test_nobody_is_pinged(discord: Discord) -> None:
    post(discord.webhook, title="@everyone <@123>", summary="@here <@&9>")
    (body,) = discord.posts
    assert body["allowed_mentions"] == {"parse": []}
    assert body["embeds"][0]["title"] == "\\@everyone \\<\\@123\\>"


def test_what_is_missing_is_left_out(discord: Discord) -> None:
    post(discord.webhook, title=None, url=None, summary="", claims=(Claim(" \n", 0.5),))
    (embed,) = discord.posts[0]["embeds"]
    assert embed["title"] == "Untitled"
    assert not {"url", "description"} & embed.keys()
    assert [field["name"] for field in embed["fields"]] == ["Type", "Quality"]


@pytest.mark.parametrize(("overall", "color"), [(0.75, 0x2ECC71), (0.65, 0xF1C40F), (0.64, 0xE74C3C)])
def test_the_colour_follows_the_bands_of_quality(overall: float, color: int) -> None:
    body = message("t", None, "news", Scores(overall, 0.5, 0.5, 0.5), "s")
    assert body["embeds"][0]["color"] == color


@pytest.mark.parametrize(
    "url",
    [None, "", "/home/a.mp4", "file:///etc/passwd", "javascript:alert(1)", "http://", "http://localhost/a", "https://a.b/" + "x" * 2050,
     "https://user:password@example.org/a", "http://[::1", "https://example.org/\x00"],
)  # fmt: skip
def test_only_a_public_looking_web_address_becomes_a_link(url: str | None) -> None:
    assert "url" not in message("t", url, "news", SCORES, "s")["embeds"][0]


def test_everything_at_its_longest_is_within_the_limits(discord: Discord) -> None:
    long = "\U0001f600*" * 9000
    claims = tuple(Claim(long, 0.5) for _ in range(40))
    fallacies = tuple(Fallacy(long, long, 0.5) for _ in range(40))
    post(discord.webhook, title=long, content_type=long, summary=long, claims=claims, fallacies=fallacies)
    assert len(discord.posts) == 1


@settings(deadline=None)
@given(
    st.text(alphabet=st.characters(), max_size=4000),
    st.text(alphabet=st.characters(), max_size=300),
    st.text(max_size=300),
)
def test_no_content_breaks_a_limit(summary: str, title: str, url: str) -> None:
    claims = [Claim(title, 0.5)] * 9
    body = message(title, url, summary[:50], SCORES, summary, claims, [Fallacy(title, summary, 0.5)] * 9)
    assert faults_of(json.loads(json.dumps(body))) == []


@settings(deadline=None)
@given(st.text(alphabet="ab *_`\\[](){}<>@#|~-\u200d\U0001f469", max_size=60), st.integers(2, 40))
def test_cut_text_fits_and_never_ends_in_half_an_escape(text: str, limit: int) -> None:
    cut = escaped(text, limit)
    assert units(cut) <= limit
    body = cut.removesuffix("…")
    trailing = len(body) - len(body.rstrip("\\"))
    assert trailing % 2 == 0


def test_markdown_of_the_content_is_shown_not_obeyed() -> None:
    assert escaped("# a **b** [c](http://d) `e` ||f|| ~~g~~ _h_ \\", 200) == (
        "\\# a \\*\\*b\\*\\* \\[c\\]\\(http://d\\) \\`e\\` \\|\\|f\\|\\| \\~\\~g\\~\\~ \\_h\\_ \\\\"
    )
    assert escaped("- no list", 50) == "\\- no list"
    assert escaped("a - b", 50) == "a - b"


def test_lines_control_characters_and_text_direction_are_evened_out() -> None:
    assert escaped(" a\n\nb\x07\u202ec\u2028d\ud800 ", 50) == "a bc d?"


@pytest.mark.parametrize(
    ("headers", "body"),
    [({}, {"retry_after": 0.12}), ({"Retry-After": "0.12"}, b"<html>"), ({"Retry-After": "9"}, {"retry_after": 0.12})],
)
def test_a_rate_limit_is_waited_for_the_body_before_the_header(
    discord: Discord, headers: dict[str, str], body: Any
) -> None:
    discord.replies = [(429, headers, body)]
    start = time.monotonic()
    post(discord.webhook)
    assert 0.12 <= time.monotonic() - start < 5
    assert len(discord.posts) == 1


def test_a_rate_limit_of_more_than_a_minute_is_an_error_at_once(discord: Discord) -> None:
    discord.replies = [(429, {}, {"retry_after": 3600.0})]
    assert refusal(discord.webhook).error_type == "rate_limited"
    assert discord.asked == 1


def test_errors_of_the_server_are_tried_again(discord: Discord) -> None:
    discord.replies = [(500, {}, None), (502, {}, b"Bad Gateway")]
    post(discord.webhook)
    assert len(discord.posts) == 1


def test_after_the_last_attempt_the_error_is_given(discord: Discord) -> None:
    discord.replies = [(503, {}, None)] * 9
    assert refusal(discord.webhook).error_type == "http_status"
    assert discord.asked == 3


@pytest.mark.parametrize(("status", "kind"), [(401, "auth"), (403, "auth"), (404, "not_found"), (413, "too_large")])
def test_a_dead_webhook_is_not_asked_again(discord: Discord, status: int, kind: str) -> None:
    discord.replies = [(status, {}, {"message": discord.webhook})]
    assert refusal(discord.webhook).error_type == kind
    assert discord.asked == 1


def test_a_refused_message_names_discords_error_number(discord: Discord) -> None:
    discord.replies = [(400, {}, {"message": "Invalid Form Body", "code": 50035})]
    assert "50035" in str(refusal(discord.webhook))


def test_a_redirect_is_not_followed(discord: Discord) -> None:
    discord.replies = [(302, {"Location": discord.webhook}, None)]
    assert refusal(discord.webhook).error_type == "http_status"


def test_a_closed_port_is_a_network_error(discord: Discord) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/api/webhooks/1/{TOKEN}"
    assert refusal(url).error_type == "network"


def test_a_post_that_may_have_arrived_is_not_repeated() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api/webhooks/1/{TOKEN}"
        with publisher(url, timeout_seconds=0.05) as opened, pytest.raises(StageError) as raised:
            opened.publish(title="t", url=None, content_type="news", scores=SCORES, summary="s")
        assert raised.value.error_type == "timeout"
        silent.accept()[0].close()
        silent.settimeout(0.05)
        with pytest.raises(TimeoutError):
            silent.accept()  # there was one connection, no second


@pytest.mark.parametrize(("webhook", "kind"), [(None, "auth"), (" ", "auth"), ("ftp://a/b", "unsupported"), ("nonsense", "unsupported"),
                                               (f"https://[::{TOKEN}", "unsupported")])  # fmt: skip
def test_what_is_no_webhook_is_refused_without_showing_it(webhook: str | None, kind: str) -> None:
    with pytest.raises(StageError) as raised:
        publisher(webhook)
    assert raised.value.error_type == kind
    assert not webhook or webhook.strip() == "" or webhook not in str(raised.value)


def test_a_thread_of_the_channel_may_be_named_in_the_address(discord: Discord) -> None:
    asked: list[str] = []
    answer = discord.answer

    def note(request: BaseHTTPRequestHandler, body: Any) -> Answer:
        asked.append(urlsplit(request.path).query)
        return answer(request, body)

    discord.answer = note  # type: ignore[method-assign]
    post(f"{discord.webhook}?thread_id=77")
    assert parse_qs(asked[0]) == {"thread_id": ["77"], "wait": ["true"]}


def test_the_secret_is_in_no_log_whatever_happens(
    discord: Discord, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    discord.replies = [(500, {}, None), (429, {}, {"retry_after": 0.01})]
    with caplog.at_level(logging.DEBUG):
        post(discord.webhook)
        discord.replies = [(404, {}, {})]
        refusal(discord.webhook)
    assert "HTTP Request: POST" in caplog.text  # httpx did log the request, with the address hidden
    assert TOKEN not in caplog.text
    assert TOKEN not in "".join(capfd.readouterr())  # where structlog prints the retries


def test_the_secret_is_in_no_representation(discord: Discord) -> None:
    opened = publisher(discord.webhook)
    assert TOKEN not in "".join(map(repr, [opened, *vars(opened).values()]))
    opened.close()


def test_a_client_that_was_given_is_used_and_stays_open(discord: Discord) -> None:
    http = httpx.Client()
    with DiscordPublisher(PublishSettings(discord_webhook_url=Secret(discord.webhook)), http) as opened:
        opened.publish(title="t", url=None, content_type="news", scores=SCORES, summary="s")
    assert not http.is_closed
    http.close()


def test_threads_may_post_at_once(discord: Discord) -> None:
    with publisher(discord.webhook) as opened, ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(opened.publish, title=str(number), url=None, content_type="news", scores=SCORES, summary="s")
            for number in range(20)
        ]
        for job in jobs:
            job.result()
    assert sorted(int(body["embeds"][0]["title"]) for body in discord.posts) == list(range(20))
