"""The board SLO and error budgets: a number, a line and a burn rate for each objective."""

from __future__ import annotations

from monitoring.targets.slos import Slo
from monitoring.targets.targets import Targets
from tests.monitoring.dashboards import document_of, full_rows, panel_of, steps_of

THREE = Targets(
    slos=(
        Slo("few_errors", "error_rate", 0.95, 7 * 86_400),
        Slo("availability", "availability", 0.99),
        Slo("wrong-skips", "wrong_skip_rate", 0.9),
    )
)


def test_each_objective_has_its_budget_and_its_burn_rate() -> None:
    board = document_of("slo", THREE)
    titles = [panel["title"] for panel in board["panels"]]
    assert titles[:3] == [f"How much {name} budget is left?" for name in ("few errors", "availability", "wrong skips")]
    assert {"How fast does few errors burn?", "How fast does wrong skips burn?"} <= set(titles)
    assert [panel["gridPos"]["w"] for panel in board["panels"][:3]] == [8, 8, 8]
    assert full_rows(board)


def test_a_budget_says_what_it_is_a_share_of() -> None:
    panel = panel_of(document_of("slo", THREE), "How much few errors budget is left?")
    assert panel["targets"][0]["expr"] == 'slo:error_budget_remaining:ratio{slo="few_errors"}'
    assert panel["targets"][0]["legendFormat"] == "of 5 % over 7d"
    assert panel["description"].startswith("Objective: 95 % without fault over 7d.")
    assert steps_of(panel) == [(None, "red"), (0.0, "orange"), (0.25, "green")]


def test_a_burn_rate_is_the_bad_share_over_the_budget_in_each_long_window() -> None:
    board = document_of("slo", THREE)
    errors = panel_of(board, "How fast does few errors burn?")
    assert errors["targets"][0]["expr"] == "(pipeline:error_rate:ratio1h) / 0.05"
    assert [one["legendFormat"] for one in errors["targets"]] == ["over 1h", "over 6h", "over 1d", "over 3d"]
    up = panel_of(board, "How fast does availability burn?")
    assert up["targets"][0]["expr"] == "(1 - pipeline:availability:ratio1h) / 0.01"


def test_without_objectives_there_are_alerts_and_failures_still() -> None:
    titles = [panel["title"] for panel in document_of("slo", Targets(slos=()))["panels"]]
    assert titles == ["What uses the budget up?", "Which alerts are firing?"]
