from __future__ import annotations

import email.utils
import logging
import socket
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from pipeline.errors import StageError
from pipeline.llm.client import InvalidAnswerError, LlmClient
from pipeline.settings import LlmSettings, Secret

if TYPE_CHECKING:
    from tests.pipeline.llm.conftest import ChatServer

KEY = "sk-test-5f0c9d2e7a"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}


def client(chat: ChatServer | str, *, key: str | None = KEY, attempts: int = 3, **more: Any) -> LlmClient:
    url = chat if isinstance(chat, str) else chat.base_url
    settings = LlmSettings(base_url=url, model="tiny", api_key=Secret(key), attempts=attempts, **more)
    return LlmClient(settings, first_backoff_seconds=0.001)


def ask(asked: LlmClient) -> Any:
    with asked:
        return asked.complete_json("Be brief.", "A word?", SCHEMA, max_tokens=50)


def refusal(asked: LlmClient) -> StageError:
    with pytest.raises(StageError) as raised:
        ask(asked)
    return raised.value


def test_an_answer_carries_data_tokens_and_the_price(chat: ChatServer) -> None:
    chat.content = '{"word": "yes"}'
    answer = ask(client(chat, usd_per_million_input_tokens=2.0, usd_per_million_output_tokens=10.0))
    assert answer.data == {"word": "yes"}
    assert (answer.input_tokens, answer.output_tokens) == (1000, 200)
    assert answer.cost_usd == pytest.approx(0.002 + 0.002)


def test_model_messages_schema_and_limit_are_sent(chat: ChatServer) -> None:
    ask(client(chat))
    (request,) = chat.requests
    assert request["model"] == "tiny"
    assert [message["content"] for message in request["messages"]] == ["Be brief.", "A word?"]
    assert request["response_format"]["json_schema"]["schema"] == SCHEMA
    assert request["max_tokens"] == 50


def test_an_endpoint_that_names_no_usage_costs_nothing(chat: ChatServer) -> None:
    chat.usage = None
    assert ask(client(chat)).cost_usd == 0.0


def test_a_model_that_knows_the_limit_by_its_new_name_gets_that_one(chat: ChatServer) -> None:
    message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    chat.replies = [(400, {}, {"error": {"message": message}})]
    with client(chat) as asked:
        for _ in range(2):
            asked.complete_json("s", "u", SCHEMA, max_tokens=50)
    limits = [{"max_tokens", "max_completion_tokens"} & request.keys() for request in chat.requests]
    assert limits == [{"max_tokens"}, {"max_completion_tokens"}, {"max_completion_tokens"}]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_passing_fault_is_tried_again(chat: ChatServer, status: int) -> None:
    chat.replies = [(status, {"Retry-After": "0"}, {"error": {"message": "busy"}})] * 2
    chat.content = '{"word": "yes"}'
    assert ask(client(chat)).data == {"word": "yes"}
    assert len(chat.requests) == 3


def test_retry_after_is_waited_for(chat: ChatServer) -> None:
    chat.replies = [(429, {"Retry-After": "0.15"}, {})]
    waited = httpx.Client()
    asked = LlmClient(LlmSettings(chat.base_url, api_key=Secret(KEY)), waited, first_backoff_seconds=0.001)
    start = time.monotonic()
    asked.complete_json("s", "u", SCHEMA, max_tokens=5)
    assert time.monotonic() - start >= 0.15
    waited.close()


def test_a_retry_after_beyond_a_minute_is_given_up_on_at_once(chat: ChatServer) -> None:
    for value in ("61", email.utils.formatdate(4_000_000_000)):
        chat.replies = [(429, {"Retry-After": value}, {})]
        assert refusal(client(chat)).error_type == "rate_limited"
    assert len(chat.requests) == 2


def test_an_empty_account_is_not_asked_again(chat: ChatServer) -> None:
    chat.replies = [(429, {}, {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}})]
    assert refusal(client(chat)).error_type == "rate_limited"
    assert len(chat.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "http_status"), (403, "auth"), (404, "not_found"), (413, "too_large"), (500, "http_status")],
)
def test_every_status_has_its_kind(chat: ChatServer, status: int, kind: str) -> None:
    chat.replies = [(status, {}, {"error": {"message": "no"}})] * 3
    error = refusal(client(chat))
    assert error.error_type == kind
    assert str(status) in str(error)


def test_a_wrong_key_is_an_auth_error_that_names_neither_key(chat: ChatServer) -> None:
    error = refusal(client(chat, key="sk-wrong-123456"))
    assert error.error_type == "auth"
    assert "sk-" not in str(error)


def test_a_key_that_the_other_side_repeats_is_taken_out(chat: ChatServer) -> None:
    chat.replies = [(400, {}, {"error": {"message": f"bad request by {KEY}"}})]
    error = refusal(client(chat))
    assert "bad request by ***" in str(error)


def test_no_key_sends_no_authorization(chat: ChatServer) -> None:
    assert refusal(client(chat, key=None)).error_type == "auth"


def test_a_key_that_no_header_can_hold_is_refused_without_showing_it() -> None:
    with pytest.raises(StageError) as raised:
        client("http://127.0.0.1:9/v1", key="sk-ñ\n123")
    assert raised.value.error_type == "auth"
    assert "123" not in str(raised.value)


def test_the_key_is_in_no_log_and_no_representation(
    chat: ChatServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    chat.replies = [(500, {}, {"error": {"message": KEY}})]
    with caplog.at_level(logging.DEBUG):
        asked = client(chat)
        ask(asked)
    assert KEY not in caplog.text
    assert KEY not in "".join(capfd.readouterr())  # where structlog prints the retries
    assert KEY not in repr(asked)
    assert caplog.text  # something was logged, so that the assertion above means something


@pytest.mark.parametrize("url", [None, "", "ftp://host/v1", "not a url", "http://", "http://[::1"])
def test_what_is_no_address_is_refused(url: str | None) -> None:
    with pytest.raises(StageError) as raised:
        LlmClient(LlmSettings(base_url=url))
    assert raised.value.error_type == "unsupported"


def test_a_closed_port_is_a_network_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    assert refusal(client(url, attempts=2)).error_type == "network"


def test_an_endpoint_that_does_not_answer_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        assert refusal(client(url, attempts=1, timeout_seconds=0.05)).error_type == "timeout"


def test_a_redirect_is_not_followed_with_the_key(chat: ChatServer) -> None:
    chat.replies = [(307, {"Location": f"{chat.base_url}/chat/completions"}, {})]
    assert refusal(client(chat)).error_type == "http_status"
    assert len(chat.requests) == 1


@pytest.mark.parametrize("body", [b"<html>", b"\xff\xfe", b"[]", b'{"choices": "none"}'])
def test_another_protocol_is_corrupt(chat: ChatServer, body: bytes) -> None:
    chat.replies = [(200, {}, body)]
    assert refusal(client(chat)).error_type == "corrupt"


@pytest.mark.parametrize("content", ["Sure! Here it is", "", '{"word": '])
def test_an_answer_that_is_no_json_says_what_it_cost(chat: ChatServer, content: str) -> None:
    chat.content = content
    with pytest.raises(InvalidAnswerError) as raised:
        ask(client(chat))
    assert raised.value.error_type == "corrupt"
    assert raised.value.cost_usd == pytest.approx((1000 * 0.15 + 200 * 0.60) / 1e6)


def test_a_refusal_and_a_cut_answer_are_invalid(chat: ChatServer) -> None:
    for choice in ({"refusal": "I can't"}, {"finish_reason": "length"}):
        chat.replies = [(200, {}, chat.completion('{"word": "y"}', **choice))]
        with pytest.raises(InvalidAnswerError):
            ask(client(chat))


def test_no_choice_at_all_is_invalid(chat: ChatServer) -> None:
    chat.replies = [(200, {}, {"choices": []})]
    with pytest.raises(InvalidAnswerError):
        ask(client(chat))


def test_a_client_that_was_given_stays_open(chat: ChatServer) -> None:
    http = httpx.Client()
    LlmClient(LlmSettings(chat.base_url, api_key=Secret(KEY)), http).close()
    assert not http.is_closed
    http.close()
