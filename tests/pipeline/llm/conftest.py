"""A server on this machine that speaks OpenAI's chat completions protocol and is strict about what it gets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.servers import Answer, LocalServer

KEY = "sk-test-5f0c9d2e7a"


class ChatServer(LocalServer):
    """Answers with `replies` in turn, then with `content`; keeps every request. Refuses a wrong key or protocol."""

    def __init__(self) -> None:
        self.content: str = "{}"
        self.replies: list[tuple[int, dict[str, str], Any]] = []  # (status, headers, body) that come before `content`
        self.usage: dict[str, int] | None = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}
        self.requests: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        super().__init__()

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    def completion(self, content: str | None, **choice: Any) -> dict[str, Any]:
        message = {"role": "assistant", "content": content, "refusal": choice.pop("refusal", None)}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"} | choice],
            "usage": self.usage,
        }

    def answer(self, request: BaseHTTPRequestHandler, body: Any) -> Answer:
        authorization = request.headers["Authorization"]
        if request.path != "/v1/chat/completions":
            return 404, {}, {"error": {"message": "Invalid URL"}}
        if authorization != f"Bearer {KEY}":
            return 401, {}, {"error": {"message": f"Incorrect API key provided: {authorization}"}}
        with self._lock:
            self.requests.append(body)
            if self.replies:
                return self.replies.pop(0)
        schema = body["response_format"]["json_schema"]
        in_order = [message["role"] for message in body["messages"]] == ["system", "user"]
        if not (in_order and schema["strict"] is True and schema["schema"]["additionalProperties"] is False):
            return 400, {}, {"error": {"message": "Invalid request"}}
        return 200, {}, self.completion(self.content)


@pytest.fixture
def chat() -> Iterator[ChatServer]:
    server = ChatServer()
    yield server
    server.close()
