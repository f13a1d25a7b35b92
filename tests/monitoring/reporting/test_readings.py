from __future__ import annotations

import pytest

from monitoring.domains.band import Bands
from monitoring.domains.catalogue import signals
from monitoring.reporting.readings import Budget, State, budget, judge, read
from monitoring.targets.slos import Slo

BYPASS = Bands(target=0.60, warning_low=0.50, critical_low=0.40, warning_high=0.80)


@pytest.mark.parametrize(
    ("value", "state"),
    [(0.39, "critical"), (0.40, "warning"), (0.49, "warning"), (0.50, "ok"), (0.80, "ok"), (0.81, "warning"), (None, "no data")],
)  # fmt: skip
def test_a_value_is_judged_by_the_edges_it_lies_beyond(value: float | None, state: State) -> None:
    assert judge(value, BYPASS, "neither") == state


def test_a_target_without_edges_on_its_bad_side_is_an_edge_itself() -> None:
    only = Bands(target=0.01)
    assert [judge(value, only, "low") for value in (0.009, 0.011)] == ["ok", "warning"]
    assert judge(0.011, Bands(target=0.01, warning_high=0.05), "low") == "ok"


def test_without_bands_or_with_disabled_ones_nothing_is_judged() -> None:
    assert judge(0.1, None, "high") == "not judged"
    assert judge(0.1, Bands(target=0.9, warning_low=0.8, enabled=False), "high") == "not judged"
    assert judge(0.1, Bands(), "high") == "not judged"


def test_too_few_items_say_how_many_there_are_and_how_many_are_needed() -> None:
    reading = read(signals()["quality_score_avg"], 0.91, 18.6, Bands(target=0.75, min_items=20))
    assert (reading.value, reading.state, reading.shortage) == (None, "no data", "19 of 20 needed")
    enough = read(signals()["quality_score_avg"], 0.71, 19.6, Bands(target=0.75, warning_low=0.70, min_items=20))
    assert (enough.value, enough.state, enough.on_target, enough.shortage) == (0.71, "ok", False, "")


@pytest.mark.parametrize(
    ("bad", "left", "state"),
    [(0.002, 0.8, "ok"), (0.0075, 0.25, "ok"), (0.0076, 0.24, "warning"), (0.01, 0.0, "critical"), (0.03, -2.0, "critical")],
)  # fmt: skip
def test_a_budget_is_the_share_of_bad_events_that_may_still_come(bad: float, left: float, state: State) -> None:
    errors = budget(Slo("errors", "error_rate", 0.99), signals()["error_rate"], bad, 700)
    uptime = budget(Slo("uptime", "availability", 0.99), signals()["availability"], 1 - bad, 700)
    assert errors.left == pytest.approx(left)
    assert uptime.left == pytest.approx(left)
    assert errors.state == state


def test_a_reading_of_which_a_family_is_missing_is_not_known_and_names_it() -> None:
    errors = signals()["error_rate"]
    reading = read(errors, 0.0, 700, Bands(target=0.01), missing="pipeline_failures_total")
    assert (reading.value, reading.state, reading.on_target) == (None, "no data", None)
    assert reading.shortage == "nobody exposes pipeline_failures_total"
    left = budget(Slo("errors", "error_rate", 0.99), errors, 0.0, 700, "pipeline_failures_total")
    assert (left.left, left.state, left.shortage) == (None, "no data", "nobody exposes pipeline_failures_total")


@pytest.mark.parametrize("ends", [(0.1, 0.3), (0.2, 0.3), (0.25, 0.3), (0.1, 0.15), (0.3, 0.1)])
def test_the_interval_of_a_reading_holds_its_value(ends: tuple[float, float]) -> None:
    found = read(signals()["wrong_skip_rate"], 0.2, 700, None, ends).interval
    assert found is not None
    assert found[0] <= 0.2 <= found[1]


def test_a_budget_of_too_few_events_is_not_known() -> None:
    slo = Slo("errors", "error_rate", 0.99, min_items=50)
    assert budget(slo, signals()["error_rate"], 0.5, 49) == Budget(
        "errors", 0.99, 30 * 86_400, None, None, 49, 50, "no data"
    )
