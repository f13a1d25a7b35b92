from __future__ import annotations

import gzip

import pytest

from exporter.text.negotiation import choose_format, wants_gzip
from exporter.text.textformat import TextFormat
from tests.exporter.conftest import Running

PROMETHEUS_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
CLASSIC = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (PROMETHEUS_2, OPEN),
        (PROMETHEUS_3, OPEN),
        ("", CLASSIC),
        ("*/*", CLASSIC),
        ("text/html,application/xhtml+xml", CLASSIC),
        ("text/plain", CLASSIC),
        ("text/plain;version=0.0.4;q=1,application/openmetrics-text;q=0.5", CLASSIC),
        ("text/plain;version=0.0.4;q=0.3,application/openmetrics-text;version=1.0.0;q=0.5", OPEN),
        ("application/openmetrics-text;version=0.0.1", "application/openmetrics-text; version=0.0.1; charset=utf-8"),
        ("application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("application/openmetrics-text;version=2.0.0,text/plain;q=0.1", CLASSIC),
        ("application/openmetrics-text;version=1.0.0;q=0", CLASSIC),
        ("text/plain;version=1.0.0", "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"),
        (";;;q=x,,=", CLASSIC),
    ],
)
def test_the_format_that_the_scraper_likes_best_is_chosen(accept: str, expected: str) -> None:
    chosen = choose_format(accept)
    assert chosen.content_type == expected
    assert (chosen.text_format is TextFormat.OPENMETRICS) == ("openmetrics" in expected)


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [("gzip", True), ("gzip, deflate", True), ("", False), ("identity", False), ("gzip;q=0", False), ("*", True),
     ("br;q=1.0, gzip;q=0.8", True), ("*;q=0", False), ("GZIP", True), ("gzip;q=x", False)],
)  # fmt: skip
def test_gzip_is_used_when_asked_for(accepted: str, expected: bool) -> None:
    assert wants_gzip(accepted) is expected


def test_a_compressed_scrape_holds_the_same(running: Running) -> None:
    plain = running.client.get("/metrics?name[]=pipeline_items_total", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    with running.client.stream(
        "GET", "/metrics?name[]=pipeline_items_total", headers={"Accept-Encoding": "gzip"}
    ) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(packed.iter_raw())) == plain.content
    whole = running.client.get("/metrics", headers={"Accept-Encoding": "gzip"})
    assert len(whole.content) > 64 * 1024  # so large that it is compressed in a thread
    assert whole.headers["vary"] == "Accept, Accept-Encoding"
