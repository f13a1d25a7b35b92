from __future__ import annotations

from pathlib import Path

from pipeline.configuration.config import load_config
from tests.exporter.conftest import Running, Serve

EVENT = {
    "type": "shadow_judged",
    "decision": "early_exit",
    "verdict": "wrong",
    "content_type": "news",
    "config_version": "blue",
    "estimated_saved_seconds": 35.0,
    "true_saved_seconds": 28.0,
    "item_id": "abc",
}
WRONG = 'pipeline_shadow_items_total{config_version="blue",content_type="news",decision="early_exit",verdict="wrong"} '


def test_every_verdict_of_every_decision_stands_at_zero_before_the_first(serve: Serve) -> None:
    running = serve(load_config(None, {"CONFIG_VERSION": "blue"}))
    text = running.text()
    assert f"{WRONG}0.0\n" in text
    assert text.count("\npipeline_shadow_items_total{") == 3 * 2 * 5  # four content types and `unspecified`
    assert "pipeline_shadow_savings_error_ratio_sum" not in text


def test_a_pushed_verdict_is_counted_and_survives_a_restart(serve: Serve, tmp_path: Path) -> None:
    running = serve(journal=tmp_path / "kept.sqlite")
    assert running.client.post("/api/events", json=[EVENT, {**EVENT, "verdict": "right"}]).status_code == 200
    running.client.close()
    running.server.stop()
    again = serve(journal=tmp_path / "kept.sqlite")
    text = again.text()
    assert f"{WRONG}1.0\n" in text
    where = 'config_version="blue",content_type="news"'
    assert f'pipeline_shadow_estimated_saved_seconds_total{{{where},decision="early_exit"}} 70.0\n' in text
    assert f'pipeline_shadow_true_saved_seconds_total{{{where},decision="early_exit"}} 56.0\n' in text
    buckets = [
        f'pipeline_shadow_savings_error_ratio_bucket{{{where},le="{le}"}} {n}\n'
        for le, n in (("0.2", 0.0), ("0.3", 2.0))
    ]
    assert all(bucket in text for bucket in buckets)


def test_a_verdict_outside_of_the_two_is_refused_by_name(running: Running) -> None:
    answer = running.client.post("/api/events", json=[{**EVENT, "verdict": "perhaps"}])
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "verdict"
    assert running.value("pipeline_shadow_items_total") == 0


def test_the_event_is_documented(running: Running) -> None:
    schemas = running.client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["ShadowJudged"]["properties"]["decision"]["enum"] == ["content_type", "early_exit", "quality_filter"]
    assert schemas["ShadowJudged"]["additionalProperties"] is False
    assert {"$ref": "#/components/schemas/ShadowJudged"} in schemas["Event"]["oneOf"]
