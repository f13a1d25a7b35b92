"""Panels about alerts: how many fire, and which, each with the way to its runbook."""

from __future__ import annotations

from monitoring.targets.links import Links
from monitoring.targets.targets import Targets
from tests.monitoring.dashboards import document_of, panel_of


def test_the_name_of_an_alert_leads_to_its_runbook() -> None:
    board = document_of("overview", Targets(links=Links(runbook_url="https://books.example.com/r")))
    table = panel_of(board, "Which alerts are firing?")
    overrides = [one for one in table["fieldConfig"]["overrides"] if one["matcher"]["options"] == "Alert"]
    [link] = [one["value"] for o in overrides for one in o["properties"] if one["id"] == "links"]
    assert link == [{"title": "What to do", "url": "https://books.example.com/r/${__value.raw}"}]


def test_the_heartbeat_is_no_alert_that_fires() -> None:
    board = document_of("overview")
    for title in ("How many alerts are firing?", "Which alerts are firing?"):
        assert 'severity!="none"' in panel_of(board, title)["targets"][0]["expr"]


def test_the_board_of_objectives_names_their_alerts_only() -> None:
    assert 'slo!=""' in panel_of(document_of("slo"), "Which alerts are firing?")["targets"][0]["expr"]


def test_the_severity_has_a_colour() -> None:
    table = panel_of(document_of("overview"), "Which alerts are firing?")
    [severity] = [one for one in table["fieldConfig"]["overrides"] if one["matcher"]["options"] == "Severity"]
    mappings = next(one["value"] for one in severity["properties"] if one["id"] == "mappings")
    colours = {text: result["color"] for text, result in mappings[1]["options"].items()}
    assert colours == {"critical": "red", "warning": "orange", "info": "blue"}
