"""Boards as files: what every one of them keeps to, without a server."""

from __future__ import annotations

import json
import re
import sys
from itertools import combinations
from typing import Any

import pytest

from monitoring.alerts.alert import alerts_of
from monitoring.alerts.recording_rules import BUDGET_RECORD
from monitoring.alerts.rule_groups import rule_groups
from monitoring.compile.boards.files import boards, dashboards, dead_panels, filled_in
from monitoring.compile.dashboards.grid import Place, placed
from monitoring.compile.dashboards.notes import NOTES
from monitoring.compile.dashboards.scales import scale_of, steps_of, target_of
from monitoring.compile.vocabulary import Vocabulary
from monitoring.domains.band import Bands
from monitoring.domains.board import Panel
from monitoring.targets.targets import Targets
from pipeline.domains import catalogue
from pipeline.errors import PipemeterError
from tests.monitoring.dashboards import expressions_of

TARGETS = Targets()
FILES = dashboards(TARGETS)
DOCUMENTS: dict[str, dict[str, Any]] = {name: json.loads(text) for name, text in FILES.items()}
PANELS = [(name, panel) for name, document in DOCUMENTS.items() for panel in document["panels"]]
each_board = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
each_panel = pytest.mark.parametrize("panel", [p for _, p in PANELS], ids=[f"{n}: {p['title']}" for n, p in PANELS])

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


@each_board
def test_a_board_is_read_only_tagged_linked_and_refreshed(document: dict[str, Any]) -> None:
    assert document["editable"] is False
    assert document["tags"] == ["pipemeter"]
    assert document["links"][0]["tags"] == ["pipemeter"]
    assert document["links"][0]["includeVars"]
    assert document["links"][0]["keepTime"]
    assert document["refresh"] in ("30s", "1m")
    assert document["description"]


def test_the_overview_shows_a_day_and_dollars_and_hours_first() -> None:
    overview = DOCUMENTS["grafana/dashboards/overview.json"]
    assert (overview["time"], overview["refresh"]) == ({"from": "now-24h", "to": "now"}, "30s")
    titles = [panel["title"] for panel in overview["panels"]]
    assert titles[:2] == ["How many dollars were saved?", "How many hours were saved?"]
    assert (overview["panels"][0]["gridPos"]["x"], overview["panels"][0]["gridPos"]["y"]) == (0, 0)


@each_board
def test_ids_are_unique_and_no_two_panels_overlap(document: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in document["panels"]]
    assert len(set(ids)) == len(ids)
    cells = [_cells(panel["gridPos"]) for panel in document["panels"]]
    assert all(max(x for x, _ in cell) < 24 for cell in cells)
    assert not any(one & other for one, other in combinations(cells, 2))


@each_board
def test_every_row_of_a_board_is_full(document: dict[str, Any]) -> None:
    widths: dict[int, int] = {}
    for panel in document["panels"]:
        widths[panel["gridPos"]["y"]] = widths.get(panel["gridPos"]["y"], 0) + panel["gridPos"]["w"]
    assert set(widths.values()) == {24}


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


@each_panel
def test_plots_have_legends_with_values(panel: dict[str, Any]) -> None:
    if panel["type"] == "timeseries":
        assert panel["options"]["legend"]["showLegend"]
        assert len(panel["options"]["legend"]["calcs"]) == 2


@each_panel
def test_a_legend_that_labels_fill_begins_with_the_largest(panel: dict[str, Any]) -> None:
    if panel["type"] == "timeseries":
        legend = panel["options"]["legend"]
        labelled = any("{{" in target["legendFormat"] for target in panel["targets"])
        assert (legend.get("sortBy"), legend.get("sortDesc")) == (("Mean", True) if labelled else (None, None))


@each_panel
def test_no_column_is_so_narrow_that_its_title_would_be_cut(panel: dict[str, Any]) -> None:
    if panel["type"] != "table":
        return
    widths: dict[str, int] = {}
    for override in panel["fieldConfig"]["overrides"]:
        for one in override["properties"]:
            if one["id"] in ("custom.width", "custom.minWidth"):
                widths[override["matcher"]["options"]] = one["value"]
    titles = [title for step in panel["transformations"] for title in step["options"].get("renameByName", {}).values()]
    assert set(titles) <= set(widths)
    assert all(widths[title] >= 8 * len(title) for title in titles)  # px of a letter
    first = next(iter(widths))
    assert widths[first] >= 140, "names stand there"


def test_nothing_asks_for_what_is_not_emitted() -> None:
    vocabulary = Vocabulary(rule_groups(TARGETS))
    for recorded in (True, False):
        for board in boards(TARGETS, recorded=recorded):
            for panel in board.panels:
                for query in panel.queries:
                    assert vocabulary.check_expression(filled_in(query.expr)) == [], f"{board.name}: {panel.title}"
    for note in NOTES:
        assert vocabulary.check_expression(filled_in(note.expr)) == []


def test_every_metric_is_on_a_board() -> None:
    shown = {family for board in boards(TARGETS) for panel in board.panels for family in panel.families}
    missing = {family.name for family in catalogue.FAMILIES} - shown
    assert missing <= _ON_NO_BOARD.keys()
    assert not _ON_NO_BOARD.keys() & shown


_ON_NO_BOARD = {
    "exporter_alerts_logged_total": "counts what the log channel wrote; the log itself says it",
    "exporter_journal_lost_records_total": "moves once in an exporter's life, if ever; the alert JournalDamaged says it",
}


def test_long_ranges_are_asked_of_recorded_sums() -> None:
    for board in boards(TARGETS):
        for panel in board.panels:
            if any(name.startswith("pipeline_") for name in panel.families) and board.name != "health":
                raw = [q.expr for q in panel.queries if re.search(r"(rate|increase)\(pipeline_", q.expr)]
                assert not raw, panel.title


def test_thresholds_and_targets_come_from_the_file() -> None:
    bands = Bands(target=0.61, warning_low=0.52, critical_low=0.43, warning_high=0.84, critical_high=0.95)
    targets = Targets(bands={**TARGETS.bands, "bypass_rate": bands})
    assert target_of("bypass_rate", targets) == "target 61 %"
    assert scale_of("bypass_rate", targets).steps == (
        (None, "red"),
        (0.43, "orange"),
        (0.52, "green"),
        (0.84, "orange"),
        (0.95, "red"),
    )
    panel = json.loads(dashboards(targets)["grafana/dashboards/overview.json"])["panels"][3]
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [step["value"] for step in steps] == [None, 0.43, 0.52, 0.84, 0.95]
    assert panel["targets"][0]["legendFormat"] == "target 61 %"


def test_wrong_skips_are_coloured_by_their_bands_and_stand_between_two_ends() -> None:
    bands = Bands(target=0.04, warning_high=0.12, critical_high=0.33, window=7200)
    documents = dashboards(Targets(bands={**TARGETS.bands, "wrong_skip_rate": bands}))
    overview, quality = (json.loads(documents[f"grafana/dashboards/{name}.json"]) for name in ("overview", "quality"))
    number = _panel(overview, "How many skips were wrong?")
    assert [target["legendFormat"] for target in number["targets"]] == ["target 4 %", "at least", "at most"]
    steps = number["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [(step["value"], step["color"]) for step in steps] == [(None, "green"), (0.12, "orange"), (0.33, "red")]
    lines = _panel(quality, "Do wrong skips become more?")
    assert [target["legendFormat"] for target in lines["targets"]] == ["wrong", "at least", "at most"]
    assert all("increase2h" in target["expr"] for target in lines["targets"])
    columns = _panel(quality, "Which decisions are wrong?")["transformations"][1]["options"]["renameByName"]
    assert {"Shadow items", "Wrong", "At least", "At most"} <= set(columns.values())


def test_without_objectives_the_overview_says_how_many_items_fail() -> None:
    targets = Targets(slos=(), bands={**TARGETS.bands, "error_rate": Bands(target=0.02, warning_high=0.07)})
    documents = {name: json.loads(text) for name, text in dashboards(targets).items()}
    overview = documents["grafana/dashboards/overview.json"]
    number = _panel(overview, "How many items fail?")
    budget = _panel(DOCUMENTS["grafana/dashboards/overview.json"], "How much error budget is left?")
    assert number["gridPos"] == budget["gridPos"]
    assert len(overview["panels"]) == len(DOCUMENTS["grafana/dashboards/overview.json"]["panels"])
    assert number["targets"][0]["legendFormat"] == "target 2 %"
    assert [step["value"] for step in number["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [None, 0.07]
    assert not any(BUDGET_RECORD in text for document in documents.values() for text in expressions_of(document))
    assert dead_panels(targets, Vocabulary(rule_groups(targets))) == []
    for document in documents.values():
        test_every_row_of_a_board_is_full(document)


def test_a_band_on_one_side_colours_one_side() -> None:
    assert steps_of(Bands(warning_high=30.0, critical_high=60.0)) == ((None, "green"), (30.0, "orange"), (60.0, "red"))
    assert steps_of(Bands(target=0.01)) == ()


def test_panels_flow_from_left_to_right_in_full_rows_of_one_height() -> None:
    def panel(width: int, height: int) -> Panel:
        return Panel("?", "", "lines", (), width=width, height=height)

    found = [place for _, place in placed([panel(6, 4), panel(12, 9), panel(8, 5), panel(24, 3)])]
    assert found == [Place(1, 0, 0, 6, 9), Place(2, 6, 0, 18, 9), Place(3, 0, 9, 24, 5), Place(4, 0, 14, 24, 3)]


@pytest.mark.parametrize(
    ("grafana", "schema"), [((10, 0), 38), ((10, 4), 39), ((11, 5), 40), ((11, 6), 41), ((13, 2), 41)]
)
def test_an_older_grafana_gets_the_schema_it_knows(grafana: tuple[int, int], schema: int) -> None:
    for text in dashboards(TARGETS, grafana=grafana).values():
        assert json.loads(text)["schemaVersion"] == schema


def test_a_grafana_that_is_too_old_is_refused() -> None:
    with pytest.raises(PipemeterError, match=r"--grafana 9\.5: dashboards are written for Grafana 10\.0 and newer"):
        dashboards(TARGETS, grafana=(9, 5))


def test_without_the_builders_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("grafana_foundation_sdk")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "monitoring.compile.dashboards.render", raising=False)
    monkeypatch.setitem(sys.modules, "grafana_foundation_sdk", None)
    with pytest.raises(PipemeterError, match=r"pip install 'pipemeter\[dashboards\]'"):
        dashboards(TARGETS)


def _panel(document: dict[str, Any], title: str) -> dict[str, Any]:
    found: dict[str, Any] = next(panel for panel in document["panels"] if panel["title"] == title)
    return found


def _cells(grid: dict[str, int]) -> set[tuple[int, int]]:
    return {
        (x, y)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    }  # fmt: skip


def _suffix(name: str) -> str:
    base = name.removesuffix("_total")
    return "_" + base.rsplit("_", 1)[1] if "_" in base else ""
