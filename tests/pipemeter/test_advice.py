from __future__ import annotations

from monitoring.domains.band import Bands
from monitoring.targets.targets import Targets
from monitoring.tuning.recommendation import UNKNOWN, Recommendation, Tuning
from pipeline.configuration.config import load_config
from pipemeter.advice import _goal, in_force, recommendations


def row(threshold: str, current: float, recommended: float) -> Recommendation:
    return Recommendation(threshold, current, recommended, (0.6, 0.7), 0.78, UNKNOWN, 1234, "nearer to the goal")


def tuning(*rows: Recommendation, caveats: tuple[str, ...] = ()) -> Tuning:
    return Tuning(True, list(caveats), list(rows), "a goal")


def test_what_should_stay_as_it_is_is_left_out_and_what_is_expected_is_said_of_all_together() -> None:
    found = recommendations(tuning(row("min_overall", 0.65, 0.7), row("min_coherence", 0.6, 0.6), caveats=("few",)))
    (one,) = found.advice
    assert (one.threshold, one.current, one.recommended) == ("min_overall", "0.65", "0.7")
    assert one.reason == "nearer to the goal (1,234 samples)"
    assert found.caveats == [
        "Expected of all together: bypass rate 60.0 % to 70.0 %, time savings unknown, mean quality 0.78.", "few",
    ]  # fmt: skip
    assert found.known


def test_where_nothing_should_change_nothing_is_expected_of_it() -> None:
    found = recommendations(tuning(row("min_overall", 0.65, 0.65), caveats=("few",)))
    assert (found.advice, found.caveats, found.known) == ([], ["few"], True)


def test_where_nothing_is_known_that_is_said_apart_from_nothing_to_change() -> None:
    assert not recommendations(tuning(caveats=("not enough data",))).known


def test_a_report_aims_at_the_targets_that_there_are_else_at_the_balanced_profile() -> None:
    targets = Targets(bands={"bypass_rate": Bands(target=0.55), "quality_score_avg": Bands(warning_low=0.7)})
    assert (_goal(targets).bypass, _goal(targets).quality) == (0.55, None)
    assert "monitoring.yaml" in _goal(targets).text
    assert (_goal(Targets(bands={})).bypass, _goal(Targets(bands={})).quality) == (0.60, 0.75)


def test_what_is_in_force_goes_by_the_names_that_metrics_have() -> None:
    found = in_force(load_config(None))
    assert found.values["min_overall"] == 0.65
    assert found.values["post_download_min_confidence"] == 0.85
    assert found.modes["entertainment"] == "lightweight"
