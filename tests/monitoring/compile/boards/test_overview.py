"""The board Overview: what stands first, and what stands there without objectives."""

from __future__ import annotations

import json

from monitoring.alerts.plan import plan_of
from monitoring.alerts.recording_rules import BUDGET_RECORD
from monitoring.compile.boards.files import dashboards, dead_panels
from monitoring.compile.vocabulary import Vocabulary
from monitoring.domains.band import Bands
from monitoring.targets.targets import Targets
from tests.monitoring.dashboards import DOCUMENTS, TARGETS, document_of, expressions_of, full_rows, panel_of, steps_of

OVERVIEW = DOCUMENTS["grafana/dashboards/overview.json"]


def test_the_overview_shows_a_day_and_dollars_and_hours_first() -> None:
    assert (OVERVIEW["time"], OVERVIEW["refresh"]) == ({"from": "now-24h", "to": "now"}, "30s")
    titles = [panel["title"] for panel in OVERVIEW["panels"]]
    assert titles[:2] == ["How many dollars were saved?", "How many hours were saved?"]
    assert (OVERVIEW["panels"][0]["gridPos"]["x"], OVERVIEW["panels"][0]["gridPos"]["y"]) == (0, 0)


def test_thresholds_and_targets_come_from_the_file() -> None:
    bands = Bands(target=0.61, warning_low=0.52, critical_low=0.43, warning_high=0.84, critical_high=0.95)
    panel = document_of("overview", Targets(bands={**TARGETS.bands, "bypass_rate": bands}))["panels"][3]
    assert [value for value, _ in steps_of(panel)] == [None, 0.43, 0.52, 0.84, 0.95]
    assert panel["targets"][0]["legendFormat"] == "target 61 %"


def test_without_objectives_the_overview_says_how_many_items_fail() -> None:
    targets = Targets(slos=(), bands={**TARGETS.bands, "error_rate": Bands(target=0.02, warning_high=0.07)})
    documents = {name: json.loads(text) for name, text in dashboards(targets).items()}
    overview = documents["grafana/dashboards/overview.json"]
    number = panel_of(overview, "How many items fail?")
    budget = panel_of(OVERVIEW, "How much error budget is left?")
    assert number["gridPos"] == budget["gridPos"]
    assert len(overview["panels"]) == len(OVERVIEW["panels"])
    assert number["targets"][0]["legendFormat"] == "target 2 %"
    assert [value for value, _ in steps_of(number)] == [None, 0.07]
    assert not any(BUDGET_RECORD in text for document in documents.values() for text in expressions_of(document))
    assert dead_panels(targets, Vocabulary(plan_of(targets).groups)) == []
    assert all(full_rows(document) for document in documents.values())
