from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.routing import Route

from exporter.api.openapi import document
from exporter.settings import _ENV, ExporterSettings, settings_from
from pipeline.domains.catalogue import FAMILIES
from pipeline.errors import ConfigError
from pipeline.settings import Secret
from tests.exporter.conftest import ROOT, Running, Serve

API = "/api/performance"


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


def test_the_example_of_the_brief_gives_its_rates(running: Running) -> None:
    hundred_items(running)
    summary = running.client.get(f"{API}/metrics/summary").json()
    assert summary["source"] == "process"
    assert summary["total_processed"] == 100
    assert (summary["quality_bypassed"], summary["early_exits"], summary["full_processing"]) == (45, 15, 40)
    assert summary["bypass_rate"] == pytest.approx(0.60)
    assert summary["early_exit_rate"] == pytest.approx(0.15)
    spent, saved = 45 * 35.2 + 10 * 2.0 + 4000.0, 45 * 105.6 + 10 * 18.0
    assert summary["avg_time_savings"] == pytest.approx(saved / (saved + spent))
    assert summary["total_time_saved_hours"] == pytest.approx(saved / 3600)


def test_each_content_type_has_a_row(running: Running) -> None:
    hundred_items(running)
    rows = running.client.get(f"{API}/content-types").json()["content_types"]
    assert [row["content_type"] for row in rows] == ["news", "entertainment"]
    news, fun = rows
    assert (news["count"], fun["count"]) == (55, 45)
    assert news["bypass_rate"] == pytest.approx(15 / 55)
    assert news["avg_quality_score"] == pytest.approx(0.8)  # of items processed in full
    assert fun["avg_quality_score"] is None
    assert news["avg_processing_time"] == pytest.approx((10 * 2.0 + 4000) / 50)
    assert fun["avg_processing_time"] == pytest.approx(35.2)


def test_each_checkpoint_has_a_row(running: Running) -> None:
    hundred_items(running)
    rows = running.client.get(f"{API}/checkpoints").json()["checkpoints"]
    assert [row["checkpoint_name"] for row in rows] == ["post_download", "post_quality_filtering"]
    assert rows[0]["exit_count"] == 10
    assert rows[0]["exit_rate"] == pytest.approx(0.10)
    assert rows[0]["top_exit_reasons"] == [{"reason": "too_short", "count": 10}]
    assert rows[0]["avg_confidence"] == pytest.approx(0.9)


def test_each_hour_has_a_row(running: Running) -> None:
    before = datetime.now(UTC).timestamp()
    hundred_items(running)
    rows = running.client.get(f"{API}/quality-trends?hours=48").json()["quality_trends"]
    assert sum(row["items_processed"] for row in rows) == 100
    last = rows[-1]
    assert last["timestamp"] % 3600 == 0
    assert abs(last["timestamp"] - before) <= 3600
    scores = ("avg_quality_score", "coherence_score", "completeness_score", "informativeness_score")
    assert [last[name] for name in scores] == pytest.approx([0.8, 0.7, 0.6, 0.5])


@pytest.mark.parametrize("path", [f"{API}/", API, f"{API}/?hours=12"])
def test_the_overview_holds_all_four_parts(running: Running, path: str) -> None:
    hundred_items(running)
    answer = running.client.get(path).json()
    assert answer["overall_metrics"]["total_processed"] == 100
    assert len(answer["content_type_breakdown"]) == 2
    assert len(answer["checkpoint_analytics"]) == 2
    assert len(answer["quality_trends"]) == 1
    assert answer["source"] == "process"


def test_nothing_yet_is_zero_counts_and_null_ratios(running: Running) -> None:
    answer = running.client.get(f"{API}/").json()
    overall = answer["overall_metrics"]
    assert overall["total_processed"] == overall["full_processing"] == 0
    assert overall["bypass_rate"] is overall["avg_time_savings"] is None
    assert overall["total_time_saved_hours"] == 0
    assert answer["content_type_breakdown"] == answer["checkpoint_analytics"] == answer["quality_trends"] == []


@pytest.mark.parametrize("hours", ["0", "-1", "x", "1.5", "8785", "99999999999", "", "१"])
def test_a_wrong_window_is_refused(running: Running, hours: str) -> None:
    response = running.client.get(f"{API}/", params={"hours": hours})
    assert response.status_code == 422
    assert response.json()["error"]["field"] == "hours"


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


def test_health_tells_about_the_last_scrape_and_the_journal(running: Running) -> None:
    before = running.client.get("/health").json()
    assert before["status"] == "ok"
    assert before["last_scrape"]["timestamp"] is None
    running.text()
    after = running.client.get("/health").json()
    assert after["last_scrape"]["series"] > 100
    assert after["last_scrape"]["seconds_ago"] < 60
    assert after["journal"] == {**before["journal"], "size_bytes": after["journal"]["size_bytes"]}
    assert after["journal"]["sync"] == "normal"


def test_a_scrape_that_fails_is_a_degraded_health_until_one_works(running: Running) -> None:
    class Broken:
        def collect(self) -> Any:
            raise RuntimeError("no sensor")

    broken = Broken()
    running.exporter.metrics.registry.register(broken)
    response = running.client.get("/metrics")
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal"
    health = running.client.get("/health")
    assert health.status_code == 503
    assert "no sensor" in health.json()["last_scrape"]["error"]
    running.exporter.metrics.registry.unregister(broken)
    running.text()
    assert running.client.get("/health").status_code == 200


def test_ready_says_what_was_replayed(running: Running) -> None:
    assert running.client.get("/ready").json() == {"status": "ready", "replayed": 0}
    assert running.client.get("/-/ready").status_code == running.client.get("/-/healthy").status_code == 200


def test_the_dashboard_is_grafana(serve: Serve) -> None:
    response = serve(grafana_url="http://grafana.example:3000/d/x").client.get("/dashboard")
    assert (response.status_code, response.headers["location"]) == (307, "http://grafana.example:3000/d/x")
    response = serve(journal=None).client.get("/dashboard")
    assert response.status_code == 404
    assert "GRAFANA_URL" in response.json()["error"]["message"]


def test_the_landing_page_links_to_what_works(running: Running) -> None:
    page = running.client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    links = [part.split('"')[0] for part in page.text.split('href="')[1:]]
    assert "/metrics" in links
    for link in links:
        assert running.client.get(link).status_code == 200, link


def test_what_is_not_there_is_said_in_json(running: Running) -> None:
    assert running.client.get("/nope").json()["error"]["code"] == "not_found"
    response = running.client.put("/api/performance/record")
    assert response.status_code == 405
    assert "error" in response.json()
    assert running.client.request("HEAD", "/health").status_code == 200


def test_runbooks_are_served_and_nothing_beside_them(serve: Serve, tmp_path: Path) -> None:
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "PipelineDown.md").write_text("# <Down>\nlook here")
    (tmp_path / "secret.md").write_text("secret")
    running = serve(runbooks=folder)
    plain = running.client.get("/runbooks/PipelineDown")
    assert (plain.text, plain.headers["Content-Type"]) == ("# <Down>\nlook here", "text/markdown; charset=utf-8")
    page = running.client.get("/runbooks/PipelineDown.md", headers={"Accept": "text/html,*/*"})
    assert "<h1>&lt;Down&gt;</h1>" in page.text
    assert 'href="runbooks/PipelineDown"' in running.client.get("/runbooks").text
    for name in ("../secret", "..%2Fsecret", "%2e%2e/secret", "nope", ".hidden", "a" * 300):
        assert running.client.get(f"/runbooks/{name}").status_code == 404


def test_a_runbook_that_the_folder_lacks_is_the_one_that_came_with_the_installation(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "PipelineDown.md").write_text("our own")
    client = serve(runbooks=tmp_path).client
    assert client.get("/runbooks/PipelineDown").text == "our own"
    assert client.get("/runbooks/PipelineStalled").text.startswith("<!-- Compiled")
    elsewhere = serve(runbooks=tmp_path / "nowhere").client
    assert "PipelineStalled.md" in elsewhere.get("/runbooks", follow_redirects=True).text


def test_a_browser_gets_a_runbook_as_a_page_that_can_run_nothing(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "PipelineDown.md").write_text(
        "<!-- generated -->\n\n| a | b |\n|---|---|\n| `up` | [other](Other.md) |\n\n```promql\nup < 1\n```\n\n"
        "<script>alert(1)</script> <img src=x onerror=alert(2)> [x](javascript:alert(3))\n"
    )
    (tmp_path / "README.md").write_text("all of them: [PipelineDown](PipelineDown.md)")
    client = serve(runbooks=tmp_path).client
    page = client.get("/runbooks/PipelineDown", headers={"Accept": "text/html"}).text
    assert '<td><code>up</code></td>\n<td><a href="Other.md">other</a></td>' in page
    assert '<pre><code class="language-promql">up &lt; 1' in page
    assert "generated" not in page
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    index = client.get("/runbooks", headers={"Accept": "text/html"}, follow_redirects=True)
    assert (index.url.path, 'href="PipelineDown.md"' in index.text) == ("/runbooks/README", True)


def test_alerts_are_written_as_json_lines(running: Running) -> None:
    alert = {"status": "firing", "labels": {"alertname": "PipelineDown", "severity": "critical"},
             "annotations": {"summary": "down\nfor good"}, "startsAt": "2026-01-01T00:00:00Z",
             "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://p/", "fingerprint": "f1", "new_field": 1}  # fmt: skip
    body = {"version": "4", "groupKey": "g", "status": "firing", "receiver": "log", "groupLabels": {},
            "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://a", "alerts": [alert, alert]}  # fmt: skip
    response = running.client.post("/api/alerts", json=body)
    assert response.json() == {"status": "logged", "count": 2}
    assert len(running.lines) == 2
    line = json.loads(running.lines[0])
    assert "\n" not in running.lines[0]
    assert (line["alert"], line["severity"], line["status"]) == ("PipelineDown", "critical", "firing")
    assert line["summary"] == "down\nfor good"
    assert running.value("exporter_alerts_logged_total") == 2


def test_what_alertmanager_left_out_of_a_notification_is_said(running: Running) -> None:
    alert = {"status": "firing", "labels": {"alertname": "PipelineDown", "severity": "critical"}}
    body = {"alerts": [alert], "receiver": "log", "truncatedAlerts": 234}
    assert running.client.post("/api/alerts", json=body).json() == {"status": "logged", "count": 1}
    told = [json.loads(line) for line in running.lines]
    assert [line["event"] for line in told] == ["alert", "alerts_truncated"]
    assert (told[1]["count"], told[1]["receiver"]) == (234, "log")
    assert told[1]["summary"].startswith("234 more alerts left out")
    assert running.value("exporter_alerts_logged_total") == 1


def test_a_notification_holds_as_many_alerts_as_alertmanager_is_told_to_send(running: Running) -> None:
    alert = {"status": "firing", "labels": {"alertname": "PipelineDown", "severity": "critical"}}
    assert running.client.post("/api/alerts", json={"alerts": [alert] * 1000}).status_code == 200
    assert running.client.post("/api/alerts", json={"alerts": [alert] * 1001}).status_code == 413


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 422), (b'{"alerts": [{}]}', 422), (b"\xff", 400)])
def test_what_is_no_notification_is_refused(running: Running, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    assert running.client.post("/api/alerts", content=body, headers=headers).status_code == status
    assert running.client.post("/api/alerts", content=body, headers={"Content-Type": "text/plain"}).status_code == 415
    assert not running.lines


def test_settings_come_from_the_environment_and_the_command_line_goes_before_it(tmp_path: Path) -> None:
    environ = {"EXPORTER_TOKEN": "t", "EXPORTER_SYNC": "full", "EXPORTER_ALLOW_RESET": "yes", "MONITORING_HOME": str(tmp_path),
               "EXPORTER_SERIES_EXPIRY_SECONDS": "60", "EXPORTER_MAX_BODY_BYTES": "5"}  # fmt: skip
    settings = settings_from(environ, sync="normal")
    assert settings == ExporterSettings(
        token=Secret("t"), sync="normal", allow_reset=True, journal=tmp_path / "journal.sqlite",
        series_expiry_seconds=60.0, max_body_bytes=5,
    )  # fmt: skip
    assert "t" not in repr(settings.token).replace("Secret", "")
    assert settings_from({"EXPORTER_JOURNAL": "off"}).journal is None


def test_a_wrong_setting_is_named_with_what_was_expected() -> None:
    with pytest.raises(ConfigError) as caught:
        settings_from({"EXPORTER_SYNC": "sometimes", "EXPORTER_MAX_BODY_BYTES": "-1", "EXPORTER_ACCESS_LOG": "perhaps"})
    assert [(p.key, p.value, p.expected) for p in caught.value.problems] == [
        ("EXPORTER_SYNC", "sometimes", "normal or full"),
        ("EXPORTER_MAX_BODY_BYTES", "-1", "a number above 0"),
        ("EXPORTER_ACCESS_LOG", "perhaps", "true or false"),
    ]


def test_series_expire_when_that_is_wished(serve: Serve) -> None:
    running = serve(series_expiry_seconds=0.000001)
    running.record(processing_type="full", content_type="news")
    running.text()
    assert 'content_type="news",processing_type="full"} 1.0' not in running.text()
    running.record(processing_type="full", content_type="news")
    labels = '{config_version="unspecified",content_type="news",processing_type="full"}'
    assert running.value(f"pipeline_items_total{labels}") in (0, 2)
    assert running.client.get(f"{API}/metrics/summary").json()["total_processed"] == 2


def test_every_setting_and_route_is_documented() -> None:
    page = (ROOT / "docs" / "exporter.md").read_text()
    for variable in _ENV:
        assert f"| `{variable}` |" in page
    for path in document("1")["paths"]:
        assert path.removeprefix("/api/performance").rstrip("/") in page
    defaults = ExporterSettings()
    for name in (
        "max_body_bytes",
        "max_decoded_bytes",
        "max_waiting_bytes",
        "max_waiting_requests",
        "max_pushed_series",
    ):
        assert str(getattr(defaults, name)) in page


def test_the_document_describes_every_route(running: Running) -> None:
    described = running.client.get("/openapi.json").json()
    assert described == document(described["info"]["version"])
    served = {route.path for route in running.server.app.routes if isinstance(route, Route)}
    assert set(described["paths"]) <= served
    undescribed = served - set(described["paths"]) - {"/api/performance", "/openapi.json"}
    assert not {path for path in undescribed if path.startswith("/api/")}
