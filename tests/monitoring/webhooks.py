"""Slack, Discord and a heartbeat service on this machine: they check what they are sent, and answer as the real ones do."""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import msgspec

Service = Literal["slack", "discord", "heartbeat"]
SLACK_PATH = "/services/T00000000/B00000000/slacksecret"
DISCORD_PATH = "/api/webhooks/1234/discordsecret"
HEARTBEAT_PATH = "/ping/heartbeatsecret"

_SLACK_FIELDS = {"channel", "username", "icon_emoji", "icon_url", "link_names", "text", "attachments"}
_ATTACHMENT_FIELDS = {"title", "title_link", "pretext", "text", "fallback", "callback_id", "image_url", "thumb_url", "footer",
                      "fields", "actions", "color", "mrkdwn_in"}  # fmt: skip
_TOKEN = re.compile(r"<(https?://[^<>|\s]+\|[^<>|]+|!date\^\d+\^[^<>^|]+\|[^<>|]+)>")
_DISCORD_FIELDS = {"content", "username", "avatar_url", "embeds", "tts", "allowed_mentions"}
_EMBED_FIELDS = {"title", "description", "color", "fields", "footer", "timestamp", "url"}


class Received(msgspec.Struct, frozen=True):
    """One message that was taken, as its reader sees it."""

    service: Service
    title: str
    text: str
    color: str
    payload: dict[str, Any]

    @property
    def resolved(self) -> bool:
        return "[RESOLVED" in self.title


class RefusedError(Exception):
    """The message is not one that the service takes: status, type and text of its answer."""

    def __init__(self, status: int, text: str, kind: str = "text/plain") -> None:
        super().__init__(text)
        self.status, self.text, self.kind = status, text, kind


class Webhooks:
    """A server; `with Webhooks() as webhooks`. `received` is what was taken, `refused` why something was not."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.refused: list[str] = []
        self.attempts: dict[str, int] = defaultdict(int)
        self._failures: dict[str, deque[int]] = defaultdict(deque)
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Webhooks:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def environ(self) -> dict[str, str]:
        """The variables that lead here."""
        return {
            "SLACK_WEBHOOK_URL": self.url + SLACK_PATH,
            "DISCORD_WEBHOOK_URL": self.url + DISCORD_PATH,
            "HEARTBEAT_URL": self.url + HEARTBEAT_PATH,
        }

    def fail(self, service: Service, *statuses: int) -> None:
        """Answer the next requests to a service with these statuses."""
        self._failures[service].extend(statuses)

    def of(self, service: Service) -> list[Received]:
        with self._changed:
            return [message for message in self.received if message.service == service]

    def wait_for(
        self, service: Service, wanted: Callable[[Received], bool], count: int = 1, seconds: float = 30
    ) -> list[Received]:
        """Wait for messages of a service that are wanted, and return them all."""

        def found() -> list[Received]:
            return [m for m in self.received if m.service == service and wanted(m)]

        with self._changed:
            assert self._changed.wait_for(lambda: len(found()) >= count, seconds), (
                f"{service} has received {[m.title for m in self.received if m.service == service]}; refused: {self.refused}"
            )
            return found()

    def wait_for_title(self, service: Service, part: str, count: int = 1, seconds: float = 30) -> list[Received]:
        return self.wait_for(service, lambda message: part in message.title, count, seconds)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                try:
                    status, text, kind = outer._take(self.path, self.headers.get("Content-Type", ""), body)
                except RefusedError as refusal:
                    with outer._changed:
                        outer.refused.append(f"{self.path.split('/')[1]}: {refusal.status} {refusal.text}")
                        outer._changed.notify_all()
                    status, text, kind = refusal.status, refusal.text, refusal.kind
                with suppress(ConnectionError):  # Alertmanager was stopped meanwhile
                    self.send_response(status)
                    if status != 204:
                        self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library calls it so
                pass

        return Handler

    def _take(self, path: str, kind: str, body: bytes) -> tuple[int, str, str]:
        services: dict[str, tuple[Service, Callable[[dict[str, Any]], Received]]] = {
            SLACK_PATH: ("slack", slack_message),
            DISCORD_PATH: ("discord", discord_message),
            HEARTBEAT_PATH: ("heartbeat", heartbeat),
        }
        if path not in services:
            raise RefusedError(404, "no_service")
        service, read = services[path]
        with self._changed:
            self.attempts[service] += 1
            failure = self._failures[service].popleft() if self._failures[service] else 0
            self._changed.notify_all()
        if failure:
            return failure, "server is unwell", "text/plain"
        message = read(_json(service, kind, body))
        with self._changed:
            self.received.append(message)
            self._changed.notify_all()
        return {"slack": (200, "ok", "text/html"), "discord": (204, "", ""), "heartbeat": (200, "OK", "text/plain")}[
            service
        ]


def _json(service: Service, kind: str, body: bytes) -> dict[str, Any]:
    if kind.split(";")[0].strip() != "application/json":
        raise RefusedError(400, f"invalid_payload: {kind}")
    try:
        payload = json.loads(body)
    except ValueError:
        raise RefusedError(400, "invalid_payload") from None
    if not isinstance(payload, dict):
        raise RefusedError(
            400, "invalid_payload" if service == "slack" else '{"message": "Invalid Form Body", "code": 50035}'
        )
    return payload


def slack_message(payload: dict[str, Any]) -> Received:
    """Check a message as Slack's incoming webhooks do, and that its markup is sound. Raises RefusedError."""
    _known(payload, _SLACK_FIELDS, "invalid_payload")
    attachments = payload.get("attachments") or []
    if not payload.get("text") and not attachments:
        raise RefusedError(400, "no_text")
    if not isinstance(attachments, list) or len(attachments) != 1:
        raise RefusedError(400, "invalid_attachments")
    one = attachments[0]
    _known(one, _ATTACHMENT_FIELDS, "invalid_attachments")
    for field, limit in {"title": 256, "text": 3000, "fallback": 256, "footer": 300, "title_link": 3000}.items():
        if not isinstance(one.get(field), str) or not 0 < len(one[field]) <= limit:
            raise RefusedError(400, f"invalid_attachments: {field} of {len(str(one.get(field)))} characters")
    if not re.fullmatch(r"#[0-9a-f]{6}|good|warning|danger", one.get("color", "")):
        raise RefusedError(400, f"invalid_attachments: color {one.get('color')!r}")
    _slack_markup(one["text"])
    _slack_markup(one["title"])
    return Received("slack", one["title"], one["text"], one["color"], payload)


def _slack_markup(text: str) -> None:
    bare = _TOKEN.sub("", text)
    if set(bare) & {"<", ">"} or re.search(r"&(?!(amp|lt|gt);)", bare):
        raise RefusedError(400, f"invalid_blocks: unescaped markup in {bare[:200]!r}")


def discord_message(payload: dict[str, Any]) -> Received:
    """Check a message as Discord's webhooks do. Raises RefusedError."""
    kind = "application/json"
    _known(payload, _DISCORD_FIELDS, '{"message": "Invalid Form Body", "code": 50035}', kind)
    embeds = payload.get("embeds") or []
    if not payload.get("content") and not embeds:
        raise RefusedError(400, '{"message": "Cannot send an empty message", "code": 50006}', kind)
    problems = ["embeds"] if len(embeds) != 1 else []
    embed: dict[str, Any] = embeds[0] if embeds else {}
    _known(embed, _EMBED_FIELDS, '{"message": "Invalid Form Body", "code": 50035}', kind)
    limits = {"title": 256, "description": 4096}
    problems += [f for f, limit in limits.items() if not isinstance(embed.get(f), str) or len(embed[f]) > limit]
    if not embed.get("title") or not embed.get("description"):
        problems.append("empty")
    if len(payload.get("content") or "") > 2000 or sum(len(embed.get(f) or "") for f in limits) > 6000:
        problems.append("total")
    if not isinstance(embed.get("color"), int) or not 0 <= embed["color"] <= 0xFFFFFF:
        problems.append("color")
    if problems:
        text = json.dumps({"message": "Invalid Form Body", "code": 50035, "errors": problems})
        raise RefusedError(400, text, kind)
    return Received("discord", embed["title"], embed["description"], f"#{embed['color']:06x}", payload)


def heartbeat(payload: dict[str, Any]) -> Received:
    """Take any notification of Alertmanager. Raises RefusedError."""
    if payload.get("version") != "4" or payload.get("receiver") != "heartbeat":
        raise RefusedError(400, "not a notification")
    return Received("heartbeat", payload["groupLabels"]["alertname"], payload["status"], "", payload)


def _known(mapping: Any, fields: set[str], answer: str, kind: str = "text/plain") -> None:
    if not isinstance(mapping, dict) or set(mapping) - fields:
        raise RefusedError(400, answer, kind)
