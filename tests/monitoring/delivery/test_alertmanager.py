from __future__ import annotations

import json

import httpx
import pytest

from monitoring.delivery.alertmanager import AlertmanagerClient, AlertmanagerError, Delivered, Setup
from monitoring.delivery.samples import Sample


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(404, html="<p>not\nfound</p>"), "HTTP 404 and a page instead of an answer"),
        (httpx.Response(400, json="bad\nlabels"), 'HTTP 400: "bad\\nlabels"'),
        (httpx.Response(500, text="first\nsecond"), "HTTP 500: first second"),
        (httpx.Response(502), "HTTP 502"),
    ],
    ids=["page", "json", "text", "empty"],
)
def test_what_an_alertmanager_refuses_is_said_on_one_line(answer: httpx.Response, said: str) -> None:
    with (
        AlertmanagerClient("http://a:9093", transport=httpx.MockTransport(lambda _: answer)) as client,
        pytest.raises(AlertmanagerError) as found,
    ):
        client.setup()
    assert said in str(found.value)
    assert "\n" not in str(found.value)


def client(*answers: httpx.Response) -> tuple[AlertmanagerClient, list[httpx.Request]]:
    """A client whose server gives these answers in turn, and the list of what it was asked."""
    asked: list[httpx.Request] = []
    waiting = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return next(waiting)

    return AlertmanagerClient("http://user:sesame@a:9093/", transport=httpx.MockTransport(answer)), asked


def test_an_alert_is_sent_as_prometheus_sends_it() -> None:
    found, asked = client(httpx.Response(200), httpx.Response(200))
    with found:
        found.post([Sample({"alertname": "A"}, {"summary": "s"}, starts_at=1_795_219_200.0, ends_at=1_795_219_261.0)])
        found.post([Sample({"alertname": "A"}, {}, starts_at=1_795_219_200.0, ends_at=None)])
    assert str(asked[0].url) == "http://user:sesame@a:9093/api/v2/alerts"
    (row,) = json.loads(asked[0].content)
    assert row == {
        "labels": {"alertname": "A"}, "annotations": {"summary": "s"},
        "startsAt": "2026-11-21T00:00:00.000Z", "endsAt": "2026-11-21T00:01:01.000Z",
    }  # fmt: skip
    assert "endsAt" not in json.loads(asked[1].content)[0]


def test_alerts_are_asked_for_by_all_their_labels() -> None:
    found, asked = client(httpx.Response(200, json=[{"status": {}}, "no alert"]))
    assert found.alerts(alertname="A", severity="info") == [{"status": {}}]
    assert asked[0].url.params.get_list("filter") == ['alertname="A"', 'severity="info"']


@pytest.mark.parametrize(
    ("config", "wait", "receivers"),
    [
        ("route: {receiver: a}\nreceivers: [{name: a}]", 30, {"a": ()}),
        (
            "route: {group_wait: 2m}\nreceivers: [{name: a, slack_configs: [{}, {}], webhook_configs: [{}]}]",
            120,
            {"a": ("slack", "slack", "webhook")},
        ),
        ("route: {}\nreceivers: [{name: a, slack_configs: null}]", 30, {"a": ()}),
    ],
)
def test_the_setup_has_the_wait_of_the_route_and_the_integrations_of_each_receiver(
    config: str, wait: int, receivers: dict[str, tuple[str, ...]]
) -> None:
    found, _ = client(httpx.Response(200, json={"config": {"original": config}}))
    assert found.setup() == Setup(wait, receivers)


@pytest.mark.parametrize("status", [{}, [], {"config": {"original": "a: ["}}, {"config": {"original": "route: {}"}}, 7])
def test_a_status_of_something_else_is_refused_without_the_password(status: object) -> None:
    found, _ = client(httpx.Response(200, json=status))
    with pytest.raises(AlertmanagerError, match=r"^http://a:9093: not the status of an Alertmanager$"):
        found.setup()


def test_attempts_are_added_up_by_kind_of_integration() -> None:
    text = (
        "# TYPE alertmanager_notification_requests_total counter\n"
        'alertmanager_notification_requests_total{integration="slack",receiver="a"} 3\n'
        'alertmanager_notification_requests_total{integration="slack",receiver="b"} 4\n'
        'alertmanager_notification_requests_total{integration="email"} 2\n'
        "# TYPE alertmanager_notification_requests_failed_total counter\n"
        'alertmanager_notification_requests_failed_total{integration="slack",receiver="b"} 1\n'
    )
    found, _ = client(httpx.Response(200, text=text))
    assert found.delivered() == {"slack": Delivered(7, 1), "email": Delivered(2, 0)}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (httpx.ReadTimeout("http://user:sesame@a"), "nothing came within 10 s"),
        (httpx.ConnectError("http://user:sesame@a"), "ConnectError"),
    ],
)
def test_why_there_is_no_answer_is_said_without_the_password(error: httpx.HTTPError, said: str) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    with (
        AlertmanagerClient("http://user:sesame@a:9093", transport=httpx.MockTransport(fail)) as found,
        pytest.raises(AlertmanagerError) as refused,
    ):
        found.alerts()
    assert str(refused.value) == f"http://a:9093 does not answer: {said}"
