"""Every query of every board, asked of a real Prometheus over a simulated run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.backfill import MISSING, running_prometheus
from bench.history import Plan, told
from monitoring.compile.boards.files import dashboards, filled_in
from monitoring.targets.targets import Targets
from tests.monitoring.dashboards import expressions_of

PLAN = Plan(end=1_700_060_400.0, seconds=2.5 * 3600, items=6.0)  # from 12:30 to 15:00 UTC: into the bad afternoon
BOARDS: dict[str, dict[str, Any]] = {name: json.loads(text) for name, text in dashboards(Targets()).items()}
NEEDED = pytest.mark.skipif(
    (MISSING["prometheus"] or MISSING["promtool"]) and "CI" not in os.environ, reason="prometheus is not installed"
)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A Prometheus that holds a simulated run and what recording rules made of it."""
    folder = tmp_path_factory.mktemp("history")
    with told(folder, PLAN, Targets()) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def ask(prometheus: httpx.Client, expression: str) -> list[Any]:
    answer = prometheus.post("/api/v1/query", data={"query": filled_in(expression, "2h"), "time": PLAN.end})
    assert answer.is_success, f"{expression}: {answer.text}"
    found: list[Any] = answer.json()["data"]["result"]
    return found


@NEEDED
def test_every_query_of_every_panel_finds_something(prometheus: httpx.Client) -> None:
    silent = [
        f"{name}: {panel['title']}: {target['expr']}"
        for name, document in BOARDS.items()
        for panel in document["panels"]
        for target in panel["targets"]
        if not target.get("exemplar")  # draws dots only: see the test of exemplars with a real scrape
        if not any(float(one["value"][1]) == float(one["value"][1]) for one in ask(prometheus, target["expr"]))
    ]
    assert silent == []


@NEEDED
def test_every_annotation_query_runs(prometheus: httpx.Client) -> None:
    for document in BOARDS.values():
        for annotation in document["annotations"]["list"]:
            ask(prometheus, annotation["expr"])


@NEEDED
def test_a_change_of_configuration_is_seen_for_one_step_only(prometheus: httpx.Client) -> None:
    notes = {note["name"]: note["expr"] for note in BOARDS["grafana/dashboards/overview.json"]["annotations"]["list"]}
    expression = filled_in(notes["Configuration changes"])
    data = {"query": expression, "start": PLAN.end - PLAN.seconds - 3600, "end": PLAN.end, "step": 60}
    found = prometheus.post("/api/v1/query_range", data=data).json()["data"]["result"]
    assert {one["metric"]["config_version"] for one in found} == {"conservative", "aggressive"}
    assert all(len(one["values"]) == 5 for one in found), "five minutes, which stand for the step here"


@NEEDED
def test_variables_offer_what_there_is(prometheus: httpx.Client) -> None:
    answer = prometheus.get("/api/v1/label/content_type/values", params={"match[]": "pipeline_items_total"})
    assert {"news", "discussion", "unspecified"} <= set(answer.json()["data"])
    for document in BOARDS.values():
        for variable in document["templating"]["list"][1:]:
            selector, label = variable["query"]["query"].removeprefix("label_values(").removesuffix(")").rsplit(", ", 1)
            params: dict[str, str | float] = {"match[]": filled_in(selector), "start": PLAN.end - 60, "end": PLAN.end}
            values = prometheus.get(f"/api/v1/label/{label}/values", params=params).json()["data"]
            assert values, f"{document['uid']}: {variable['name']}"


@NEEDED
def test_a_number_over_the_range_is_what_the_families_say(prometheus: httpx.Client) -> None:
    """The recorded sums in steps of five minutes, against the families themselves."""
    overview = BOARDS["grafana/dashboards/overview.json"]
    panels = {panel["title"]: panel["targets"][0]["expr"] for panel in overview["panels"]}
    saved = float(ask(prometheus, panels["How many dollars were saved?"])[0]["value"][1])
    truth = float(ask(prometheus, "sum(increase(pipeline_cost_saved_usd_total[2h]))")[0]["value"][1])
    assert saved == pytest.approx(truth, rel=0.05)
    share = float(ask(prometheus, panels["How many items skipped work?"])[0]["value"][1])
    ways = 'sum(increase(pipeline_items_total{processing_type=~"lightweight|early_exit"}[2h]))'
    truth = float(ask(prometheus, f"{ways} / sum(increase(pipeline_items_total[2h]))")[0]["value"][1])
    assert share == pytest.approx(truth, rel=0.02)


@NEEDED
def test_an_empty_prometheus_answers_every_query_without_an_error(tmp_path: Path) -> None:
    with running_prometheus(tmp_path) as url, httpx.Client(base_url=url, timeout=60) as client:
        for document in BOARDS.values():
            for expression in expressions_of(document):
                ask(client, expression)
