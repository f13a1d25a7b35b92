"""What asks become in PromQL; then every query of every board, asked of a real Prometheus over a simulated run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.backfill import MISSING, running_prometheus
from bench.history import Plan, told
from monitoring.compile.boards.files import filled_in
from monitoring.compile.dashboards.queries import Queries, Query, families_of, labels_of, window_of
from monitoring.domains.ask import AnyAsk, Ask, Joined, PromQL, TargetOr
from monitoring.domains.band import Bands
from monitoring.domains.board import Kind
from monitoring.domains.catalogue import signals
from monitoring.domains.content.boards import VARIABLES
from monitoring.targets.targets import Targets
from tests.monitoring.dashboards import DOCUMENTS as BOARDS
from tests.monitoring.dashboards import expressions_of

PLAN = Plan(end=1_700_060_400.0, seconds=2.5 * 3600, items=6.0)  # from 12:30 to 15:00 UTC: into the bad afternoon
JOB, VERSION, TYPE, CHECKPOINT = VARIABLES
NEEDED = pytest.mark.skipif(
    (MISSING["prometheus"] or MISSING["promtool"]) and "CI" not in os.environ, reason="prometheus is not installed"
)


def query(ask: AnyAsk, kind: Kind = "lines", *, recorded: bool = True, targets: Targets | None = None) -> Query:
    return Queries(targets or Targets(), (JOB, TYPE), recorded=recorded).query(ask, kind)


def test_a_rolling_ask_reads_what_is_recorded_over_the_window_of_its_alerts() -> None:
    targets = Targets(bands={"saved_usd": Bands(window=7200)})
    found = query(Ask("rolling", "saved_usd", by=("content_type",)), targets=targets)
    matchers = '{job=~"$job",content_type=~"$content_type"}'
    assert found.expr == f"sum by (content_type) (job:pipeline_cost_saved_usd:increase2h{matchers})"
    assert (found.legend, found.now, found.form, found.step) == ("{{content_type}}", False, "time_series", "")
    assert found.families == ("pipeline_cost_saved_usd_total",)
    assert window_of(Ask("rolling", "saved_usd"), targets) == 7200
    assert window_of(Ask("rolling", "items"), targets) == 3600


def test_an_end_of_an_interval_has_the_window_of_its_ratio() -> None:
    assert window_of(Ask("rolling", "wrong_skip_rate_low"), Targets()) == 86_400


def test_a_whole_ask_sums_what_is_recorded_up_over_the_range() -> None:
    found = query(Ask("whole", "saved_usd"), "number")
    matchers = '{job=~"$job",content_type=~"$content_type"}'
    assert found.expr == f"sum_over_time((sum (job:pipeline_cost_saved_usd:increase5m{matchers}))[$__range:5m])"
    assert found.now


def test_buckets_are_read_in_steps_of_an_hour() -> None:
    assert "[$__range:1h]" in query(Ask("whole", "item_duration_p95_seconds"), "number").expr
    assert query(Ask("rolling", "item_duration_p95_seconds")).step == "5m"
    found = query(Ask("buckets", "exit_confidence_p10"), "heatmap")
    assert (found.form, found.legend, found.step) == ("heatmap", "{{le}}", "1h")
    assert found.expr == 'sum by (le) (job:pipeline_exit_confidence_bucket:increase1h{job=~"$job"})'


def test_few_items_are_asked_over_a_day() -> None:
    assert "[1d:1h]" in query(Ask("daily", "savings_claim")).expr
    assert "[1d]" in query(Ask("daily", "savings_claim"), recorded=False).expr


def test_without_records_the_families_are_asked() -> None:
    for ask, text in (
        (Ask("rolling", "saved_usd"), "[3600s]"),
        (Ask("whole", "saved_usd"), "[$__range]"),
        (Ask("buckets", "exit_confidence_p10"), "[3600s]"),
    ):
        found = query(ask, recorded=False).expr
        assert text in found
        assert "job:" not in found


def test_what_the_exporter_says_of_itself_is_asked_as_it_is() -> None:
    found = query(Ask("rolling", "records"))
    assert found.expr == 'sum (increase(exporter_records_total{job=~"$job"}[3600s]))'
    assert query(Ask("daily", "records")).expr == 'sum (increase(exporter_records_total{job=~"$job"}[1d]))'


def test_until_an_hour_has_passed_the_ends_of_an_interval_are_the_last_hours() -> None:
    found = query(Ask("whole", "wrong_skip_rate_low"), "number").expr
    assert "[$__range:1h]" in found
    assert " or " in found
    assert "increase1h" in found.rsplit(" or ", 2)[1] + found.rsplit(" or ", 2)[2]


def test_an_ask_is_narrowed_beside_what_is_chosen() -> None:
    found = query(Ask("rolling", "items", where={"processing_type": ("full", "early_exit")}))
    assert '{job=~"$job",content_type=~"$content_type",processing_type=~"full|early_exit"}' in found.expr


def test_something_is_made_of_a_query() -> None:
    plain = query(Ask("rolling", "saved_seconds")).expr
    assert query(Ask("rolling", "saved_seconds", made="(@) / 3600")).expr == f"({plain}) / 3600"


def test_a_legend_may_be_the_target() -> None:
    assert query(Ask("whole", "bypass_rate", TargetOr())).legend == "target 60 %"
    assert query(Ask("whole", "items", TargetOr("of them"))).legend == "of them"


def test_a_choice_that_does_not_narrow_a_signal_is_named() -> None:
    queries = Queries(Targets(), (JOB, TYPE, CHECKPOINT))
    assert queries.query(Ask("whole", "items"), "number").free == (CHECKPOINT,)
    assert queries.query(Ask("whole", "stage_runs"), "number").free == (TYPE, CHECKPOINT)


def test_joined_asks_stand_where_their_numbers_are() -> None:
    asks = (Ask("whole", "early_exits"), Ask("whole", "bypasses"))
    one, other = (query(ask, "ranking") for ask in asks)
    found = query(Joined("@2 or (@1 > 0)", asks, "both"), "ranking")
    assert found.expr == f"{other.expr} or ({one.expr} > 0)"
    assert (found.families, found.legend) == (("pipeline_early_exits_total", "pipeline_bypasses_total"), "both")


def test_promql_is_narrowed_by_what_all_its_metrics_have() -> None:
    queries = Queries(Targets(), (JOB, VERSION, TYPE))
    threshold, items = "pipeline_threshold_ratio", "pipeline_items_total"
    both = queries.query(PromQL("a{@} / b{@}", (threshold, items)), "lines")
    assert both.expr == 'a{job=~"$job",config_version=~"$config_version"} / b{' + both.expr.rsplit("{", 1)[1]
    assert queries.query(PromQL("up{@}", ("up",)), "lines").expr == 'up{job=~"$job"}'
    assert queries.query(PromQL('up{@,x="1"}', ("up",)), "lines").expr == 'up{job=~"$job",x="1"}'
    assert queries.query(PromQL("ALERTS @ end()", ("ALERTS",)), "lines").expr == "ALERTS @ end()"
    assert {"job", "instance", "config_version"} <= labels_of((threshold, items))
    assert "content_type" not in labels_of((threshold, items))


@pytest.mark.parametrize("kind", ["number", "ranking", "table"])
def test_numbers_are_asked_once_at_the_end(kind: Kind) -> None:
    for ask in (Ask("whole", "items"), PromQL("up", ("up",))):
        found = query(ask, kind)
        assert (found.now, found.form) == (True, "table" if kind == "table" else "time_series")


def test_the_metrics_of_a_signal_are_named_once() -> None:
    assert families_of(signals()["time_savings"]) == (
        "pipeline_time_saved_seconds_total",
        "pipeline_time_spent_seconds_total",
    )
    assert families_of(signals()["availability"]) == ("up",)
    assert families_of(signals()["item_duration_p95_seconds"]) == ("pipeline_item_duration_seconds",)


def test_what_nobody_declared_is_refused() -> None:
    with pytest.raises(LookupError, match="bypas_rate"):
        query(Ask("whole", "bypas_rate"))
    with pytest.raises(LookupError, match="pipeline_nothing"):
        query(PromQL("pipeline_nothing{@}", ("pipeline_nothing",)))
    with pytest.raises(ValueError, match="cannot be split by 'reason'"):
        query(Ask("whole", "items", by=("reason",)))


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
