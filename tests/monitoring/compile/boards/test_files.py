"""Boards as files: what every one of them keeps to, without a server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import combinations
from typing import Any

import pytest

from monitoring.alerts.alert import alerts_of
from monitoring.alerts.plan import plan_of
from monitoring.compile.boards.files import boards, dashboards, dead_panels, filled_in
from monitoring.compile.dashboards.dashboard import dashboard_json
from monitoring.compile.dashboards.notes import NOTES
from monitoring.compile.vocabulary import Vocabulary
from monitoring.domains.board import Board
from monitoring.domains.catalogue import DOMAINS
from monitoring.domains.domain import Domain
from monitoring.domains.ready_panels import number
from monitoring.domains.variable import Variable
from monitoring.targets.targets import Targets
from pipeline.domains import catalogue
from pipeline.errors import PipemeterError
from tests.monitoring.dashboards import (
    DOCUMENTS,
    FILES,
    TARGETS,
    each_board,
    each_panel,
    expressions_of,
    full_rows,
)

# units that a value may be written in, by the suffix of what is measured; a division says so
_UNITS = {
    "_seconds": {"s", "dateTimeFromNow", "suffix: h"},
    "_usd": {"currencyUSD"},
    "_bytes": {"bytes"},
    "_ratio": {"none", "percentunit"},
}


def test_the_boards_that_alerts_lead_to_are_there() -> None:
    uids = {document["uid"] for document in DOCUMENTS.values()}
    assert uids == {
        "pipemeter-overview",
        "pipemeter-content-types",
        "pipemeter-checkpoints",
        "pipemeter-quality",
        "pipemeter-savings",
        "pipemeter-ab",
        "pipemeter-slo",
        "pipemeter-health",
    }
    assert {alert.board for alert in alerts_of(TARGETS)} <= uids


def test_the_same_targets_give_the_same_text() -> None:
    assert dashboards(Targets()) == FILES
    for text in FILES.values():
        assert json.dumps(json.loads(text), sort_keys=True, indent=2, ensure_ascii=False) + "\n" == text


def test_boards_are_written_without_grafanas_builders() -> None:
    script = (
        "import sys; sys.modules['grafana_foundation_sdk'] = None\n"
        "from monitoring.compile.boards.files import dashboards; from monitoring.targets.targets import Targets\n"
        "sys.stdout.buffer.write(''.join(dashboards(Targets()).values()).encode())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stdout == "".join(FILES.values())


@each_board
def test_a_board_is_read_only_tagged_linked_and_refreshed(document: dict[str, Any]) -> None:
    assert document["editable"] is False
    assert document["tags"] == ["pipemeter"]
    assert document["links"][0]["tags"] == ["pipemeter"]
    assert document["links"][0]["includeVars"]
    assert document["links"][0]["keepTime"]
    assert document["refresh"] in ("30s", "1m")
    assert document["description"]


@each_board
def test_ids_are_unique_and_no_two_panels_overlap(document: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in document["panels"]]
    assert len(set(ids)) == len(ids)
    cells = [_cells(panel["gridPos"]) for panel in document["panels"]]
    assert all(max(x for x, _ in cell) < 24 for cell in cells)
    assert not any(one & other for one, other in combinations(cells, 2))


@each_board
def test_every_row_of_a_board_is_full(document: dict[str, Any]) -> None:
    assert full_rows(document)


@each_board
def test_variables_have_all_and_every_variable_used_exists(document: dict[str, Any]) -> None:
    variables = {variable["name"]: variable for variable in document["templating"]["list"]}
    assert next(iter(variables)) == "datasource"
    for name, variable in variables.items():
        if name != "datasource":
            assert variable["includeAll"]
            assert variable["allValue"] == ".*"
            assert variable["current"]["value"] == "$__all"
    used = set(re.findall(r"\$\{?(\w+)", " ".join([*expressions_of(document), json.dumps(document["templating"])])))
    assert {name for name in used if not name.startswith("__")} <= set(variables)
    uids = {target["datasource"]["uid"] for panel in document["panels"] for target in panel["targets"]}
    assert uids == {"${datasource}"}


@each_panel
def test_a_panel_asks_a_question_and_says_how_to_read_the_answer(panel: dict[str, Any]) -> None:
    assert panel["title"].endswith("?")
    assert len(panel["title"]) <= 40, "it would be cut off on a phone"
    how, metrics = panel["description"].rsplit("\n\n", 1)
    assert len(how.split()) >= 5
    assert not re.search(r"[{}@]", how), "something was not filled in"
    assert re.fullmatch(r"Metric: `\w+`(, `\w+`)*", metrics)
    for name in re.findall(r"`(\w+)`", metrics):
        assert name in ("up", "ALERTS", "ALERTS_FOR_STATE") or catalogue.family(name)
    assert panel["fieldConfig"]["defaults"]["noValue"]
    assert panel["fieldConfig"]["defaults"]["unit"]


@each_panel
def test_the_unit_agrees_with_what_is_measured(panel: dict[str, Any]) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    ways = re.findall(r"`(\w+)`", panel["description"].rsplit("Metric: ", 1)[1])
    if panel["type"] == "table" or len({_suffix(name) for name in ways}) != 1 or "/" in panel["targets"][0]["expr"]:
        return  # columns have units of their own; what is divided has none of these
    allowed = _UNITS.get(_suffix(ways[0]), {"short", "locale", "none", "percentunit", "suffix: /s"})
    assert defaults["unit"] in allowed


def test_the_board_and_the_choice_of_a_new_domain_need_nothing_but_its_declaration() -> None:
    stage = Variable(
        "pipeline_stage", "Stage", "Which stage.", "label_values(pipeline_stage_errors_total, pipeline_stage)"
    )
    errors = number("stage_errors", "How many faults?", "Faults that stages met.")
    board = Board("toy", "pipemeter: Toy", "A board of a domain.", (errors,), ("job", "pipeline_stage"))
    toy = Domain(name="toy", title="Toy", package=__name__, boards=(board,), variables=(stage,))
    found = boards(TARGETS, domains=(*DOMAINS, toy))
    assert [one.name for one in found][-1] == "toy"
    document = dashboard_json(found[-1], (13, 2))
    assert [one["name"] for one in document["templating"]["list"]] == ["datasource", "job", "pipeline_stage"]
    chosen = '{job=~"$job",pipeline_stage=~"$pipeline_stage"}'
    assert chosen in document["panels"][0]["targets"][0]["expr"]


def test_two_boards_of_one_name_are_refused() -> None:
    twin = Domain(name="toy", title="Toy", package=__name__, boards=(Board("quality", "Q", "Another.", ()),))
    with pytest.raises(PipemeterError, match="two boards are called 'quality'"):
        boards(TARGETS, domains=(*DOMAINS, twin))


def test_nothing_asks_for_what_is_not_emitted() -> None:
    vocabulary = Vocabulary(plan_of(TARGETS).groups)
    assert dead_panels(TARGETS, vocabulary) == []
    for recorded in (True, False):
        for board in boards(TARGETS, recorded=recorded):
            for drawn in board.panels:
                for query in drawn.queries:
                    found = vocabulary.check_expression(filled_in(query.expr))
                    assert found == [], f"{board.name}: {drawn.panel.title}"
    for note in NOTES:
        assert vocabulary.check_expression(filled_in(note.expr)) == []


def test_what_nobody_emits_is_named_with_its_board_and_panel() -> None:
    found = dead_panels(TARGETS, Vocabulary())  # without the recording rules
    assert any(line.startswith("quality: How good are the results?: ") for line in found)
    assert not any(line.startswith("health: How big is the journal?") for line in found)


def test_every_metric_is_on_a_board() -> None:
    shown = {family for board in boards(TARGETS) for drawn in board.panels for family in drawn.families}
    missing = {family.name for family in catalogue.FAMILIES} - shown
    assert missing <= _ON_NO_BOARD.keys()
    assert not _ON_NO_BOARD.keys() & shown


_ON_NO_BOARD = {
    "exporter_alerts_logged_total": "counts what the log channel wrote; the log itself says it",
    "exporter_journal_lost_records_total": "moves once in an exporter's life, if ever; the alert JournalDamaged says it",
}


def test_long_ranges_are_asked_of_recorded_sums() -> None:
    for board in boards(TARGETS):
        for drawn in board.panels:
            if any(name.startswith("pipeline_") for name in drawn.families) and board.name != "health":
                raw = [q.expr for q in drawn.queries if re.search(r"(rate|increase)\(pipeline_", q.expr)]
                assert not raw, drawn.panel.title


def test_a_filled_in_query_has_all_chosen_and_times_that_prometheus_reads() -> None:
    text = 'sum(rate(up{job=~"$job"}[$__rate_interval])) + sum(increase(up[$__range]))'
    assert filled_in(text, "2h") == 'sum(rate(up{job=~".*"}[5m])) + sum(increase(up[2h]))'


def test_a_grafana_that_is_too_old_is_refused() -> None:
    with pytest.raises(PipemeterError, match=r"--grafana 9\.5: dashboards are written for Grafana 10\.0 and newer"):
        dashboards(TARGETS, grafana=(9, 5))


def _cells(grid: dict[str, int]) -> set[tuple[int, int]]:
    return {
        (x, y)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    }  # fmt: skip


def _suffix(name: str) -> str:
    base = name.removesuffix("_total")
    return "_" + base.rsplit("_", 1)[1] if "_" in base else ""
