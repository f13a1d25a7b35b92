from __future__ import annotations

import httpx
import pytest

from monitoring.delivery.alertmanager import AlertmanagerClient, AlertmanagerError


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
