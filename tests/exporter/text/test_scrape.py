from __future__ import annotations

from typing import Any

from prometheus_client import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as strict
from prometheus_client.parser import text_string_to_metric_families

from pipeline.domains.catalogue import FAMILIES
from tests.exporter.conftest import Running, Serve

API = "/api/performance"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def hundred_items(running: Running) -> None:
    """The example of the brief: 45 lightweight, 15 early exits, 40 in full."""
    rows: list[dict[str, Any]] = []
    rows += [{"processing_type": "lightweight", "content_type": "entertainment", "quality_score": 0.4,
              "processing_time": 35.2, "time_saved_pct": 0.75}] * 45  # fmt: skip
    rows += [{"processing_type": "early_exit", "content_type": "news", "exit_checkpoint": "post_download",
              "exit_reason": "too_short", "exit_confidence": 0.9, "processing_time": 2.0, "time_saved_pct": 0.9}] * 10  # fmt: skip
    rows += [{"processing_type": "early_exit", "content_type": "news", "exit_checkpoint": "post_quality_filtering",
              "exit_reason": "very_low_quality", "exit_confidence": 0.8, "quality_score": 0.1}] * 5  # fmt: skip
    rows += [{"processing_type": "full", "content_type": "news", "quality_score": 0.8, "coherence": 0.7,
              "completeness": 0.6, "informativeness": 0.5, "processing_time": 100.0, "time_saved_pct": 0.0}] * 40  # fmt: skip
    running.client.post(f"{API}/record/batch", json=rows).raise_for_status()


def test_every_family_of_the_catalogue_is_exposed_from_the_first_scrape(running: Running) -> None:
    families = {family.name: family for family in text_string_to_metric_families(running.text())}
    for family in FAMILIES:
        name = family.name.removesuffix("_total") if family.kind == "counter" else family.name
        assert families[name].type == family.kind
        assert families[name].documentation
    assert (
        running.value('pipeline_items_total{config_version="unspecified",content_type="news",processing_type="full"}')
        == 0
    )
    assert "_created" not in running.text()
    build = families["exporter_build_info"].samples[0]
    assert set(build.labels) == {"version", "python_version"}
    assert build.value == 1


def test_a_scrape_is_what_prometheus_client_would_have_written(running: Running) -> None:
    hundred_items(running)
    running.text()
    running.exporter.scrape._duration.observe = lambda _: None
    mine = running.client.get("/metrics").content
    theirs = generate_latest(running.exporter.metrics.registry)
    own_gauges = b"exporter_series exporter_render exporter_waiting exporter_journal".split()
    assert _without(mine, own_gauges) == _without(theirs, own_gauges)


def _without(text: bytes, names: list[bytes]) -> list[bytes]:
    return [line for line in text.splitlines() if not line.startswith(tuple(names))]


def test_series_of_the_last_scrape_are_counted(running: Running) -> None:
    lines = [line for line in running.text().splitlines() if not line.startswith("#")]
    assert running.value("exporter_series ") == len(lines)
    assert running.value("exporter_render_duration_seconds_count ") == 2


def test_openmetrics_carries_the_item_as_exemplar(running: Running) -> None:
    running.record(processing_type="full", quality_score=0.83, processing_time=7, time_saved_pct=0, item_id="abc123")
    response = running.client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert response.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert response.text.endswith("# EOF\n")
    marked = [line for line in response.text.splitlines() if '# {item_id="abc123"}' in line]
    assert {line.split("{")[0] for line in marked} == {
        "pipeline_quality_score_bucket",
        "pipeline_item_duration_seconds_bucket",
    }


def test_a_scrape_can_be_restricted_to_some_series(running: Running) -> None:
    text = running.client.get("/metrics?name[]=exporter_records_total&name[]=exporter_series").text
    assert {line.split("{")[0].split(" ")[0] for line in text.splitlines() if line[0] != "#"} == {
        "exporter_records_total", "exporter_series",
    }  # fmt: skip


def test_series_expire_when_that_is_wished(serve: Serve) -> None:
    running = serve(series_expiry_seconds=0.000001)
    running.record(processing_type="full", content_type="news")
    running.text()
    assert 'content_type="news",processing_type="full"} 1.0' not in running.text()
    running.record(processing_type="full", content_type="news")
    labels = '{config_version="unspecified",content_type="news",processing_type="full"}'
    assert running.value(f"pipeline_items_total{labels}") in (0, 2)
    assert running.client.get(f"{API}/metrics/summary").json()["total_processed"] == 2


def samples(text: str, read: Any) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {(s.name, frozenset(s.labels.items())): s.value for family in read(text) for s in family.samples}


def test_openmetrics_says_sample_for_sample_what_the_classic_text_says_and_a_strict_parser_reads_it(
    running: Running,
) -> None:
    hundred_items(running)
    margin = {"type": "quality_assessed", "content_type": "news", "margin": -0.2}
    shadow = {"type": "shadow_judged", "decision": "early_exit", "verdict": "right", "estimated_saved_seconds": 3,
              "true_saved_seconds": 4}  # fmt: skip
    running.client.post("/api/events", json=[margin, margin]).raise_for_status()
    running.client.post("/api/events", json=shadow)
    running.client.put("/metrics/job/a", content="# TYPE x counter\nx_total 1\n# TYPE y gauge\ny_created 3\n")
    running.client.put(
        "/metrics/job/b", content="# TYPE x_total counter\nx_total 1\n# TYPE x_created gauge\nx_created 3\n"
    )
    pages = [running.client.get("/metrics", headers={"Accept": accept}).text for accept in ("*/*", OPENMETRICS)]
    classic, openmetrics = samples(pages[0], text_string_to_metric_families), samples(pages[1], strict)
    gone = {key for key in classic if key not in openmetrics}
    assert {name for name, _ in gone} == {
        "pipeline_quality_margin_ratio_count",
        "pipeline_shadow_savings_error_ratio_count",
    }
    assert openmetrics.keys() <= classic.keys()
    differing = {name for (name, labels), value in openmetrics.items() if classic[name, labels] != value}
    assert all(name.startswith(("exporter_render", "exporter_series")) for name in differing)
    buckets = {
        labels: value for (name, labels), value in openmetrics.items() if name == "pipeline_quality_margin_ratio_bucket"
    }
    for name, labels in gone:
        if name == "pipeline_quality_margin_ratio_count":
            assert buckets[labels | {("le", "+Inf")}] == classic[name, labels]
