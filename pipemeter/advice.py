"""What a report recommends: what `pipemeter tune` would, for the same window and the targets in force."""

from __future__ import annotations

import msgspec

from monitoring.domains.band import Bands
from monitoring.history.blocks import PrometheusHistory, find_grid
from monitoring.outlook.evidence import read_evidence, recounted
from monitoring.reporting.report import Advice, Recommendations, Recommender
from monitoring.reporting.window_queries import Questions
from monitoring.targets.targets import Targets
from monitoring.tuning.goal import Goal, goal_of, targets_goal
from monitoring.tuning.recommendation import UNKNOWN, Recommendation, Tuning
from monitoring.tuning.tune import InForce, since_changes, tune
from monitoring.wording.figures import between, figure
from pipeline.configuration.config import Config
from pipeline.decisions.routing import Mode


def in_force(config: Config) -> InForce:
    """Return what a configuration says of thresholds and confidences, by their names in the metrics."""
    values = msgspec.to_builtins(config.thresholds)
    values |= {f"{name}_min_confidence": point.min_confidence for name, point in config.checkpoints.items()}
    modes: dict[str, Mode] = {name: route.processing_mode for name, route in config.routing.types.items()}
    return InForce(values, modes)


def recommender(config: Config, targets: Targets) -> Recommender:
    """Return what asks for recommendations: from `config` towards the targets of bypass rate and quality."""

    async def ask(questions: Questions) -> Recommendations:
        grid = await find_grid(questions.client, questions.at, questions.window)
        evidence, now = None, in_force(config)
        if grid is not None:
            history = PrometheusHistory(questions.client, grid)
            evidence = await read_evidence(history)
            if evidence is not None:
                evidence = await recounted(history, since_changes(evidence, now))
        return recommendations(tune(evidence, now, _goal(targets), bands=targets.bands))

    return ask


def _goal(targets: Targets) -> Goal:
    bypass, quality = (targets.bands.get(name, Bands()).target for name in ("bypass_rate", "quality_score_avg"))
    if bypass is None and quality is None:
        return goal_of()
    return targets_goal(bypass, quality, "the targets of monitoring.yaml")


def recommendations(found: Tuning) -> Recommendations:
    """Return what should be set otherwise; what should stay as it is is left out."""
    advice = [
        Advice(one.threshold, f"{one.current:g}", f"{one.recommended:g}", f"{one.reason} ({one.samples:,} samples)")
        for one in found.recommendations
        if one.recommended != one.current
    ]
    caveats = list(found.caveats)
    if advice:
        caveats.insert(0, _expected(found.recommendations[0]))
    return Recommendations(advice, caveats, known=bool(found.recommendations))


def _expected(one: Recommendation) -> str:
    bypass, savings = (
        "unknown" if ends == UNKNOWN else between(ends, "ratio")
        for ends in (one.expected_bypass_rate, one.expected_time_savings)
    )
    quality = figure(one.expected_quality, "score")
    return f"Expected of all together: bypass rate {bypass}, time savings {savings}, mean quality {quality}."
