"""What may be aimed at of the content pipeline: its keys of monitoring.yaml, with the bands that are built in."""

from __future__ import annotations

from monitoring.domains.band import Bands, Metric
from monitoring.domains.content.signals import WHICH_STAGE

_SECTION = "overall_metrics"
_WEEK = 604_800.0

METRICS: tuple[Metric, ...] = (
    Metric(
        _SECTION,
        "bypass_rate",
        "bypass_rate",
        low_alert="PipelineBypassRateLow",
        low_advice="Hardly anything is skipped: check that the shortcuts are switched on and that the thresholds fit "
        "the content that comes in.",
        high_alert="PipelineBypassRateHigh",
        high_advice="Nearly everything is skipped: check the thresholds, and whether the input or the quality "
        "assessment has changed.",
        board="pipemeter-overview",
        defaults=Bands(target=0.60, warning_low=0.50, critical_low=0.40, warning_high=0.80),
    ),
    Metric(
        _SECTION,
        "quality_score_avg",
        "quality_score_avg",
        low_alert="PipelineQualityScoreLow",
        low_advice="See which content type and which dimension fell, and raise min_overall if poor content is "
        "processed in full.",
        board="pipemeter-quality",
        defaults=Bands(target=0.75, warning_low=0.70, critical_low=0.65),
    ),
    Metric(
        _SECTION,
        "early_exit_share",
        "early_exit_share",
        low_alert="PipelineEarlyExitShareLow",
        low_advice="See which checkpoint lets items through that it used to stop, and compare its min_confidence with "
        "the confidences it sees.",
        high_alert="PipelineEarlyExitShareHigh",
        high_advice="See which checkpoint and which reason grew, and check that these exits are right before quality "
        "suffers.",
        board="pipemeter-checkpoints",
        defaults=Bands(target=0.40, warning_low=0.30, warning_high=0.60),
    ),
    Metric(
        _SECTION,
        "time_savings",
        "time_savings",
        low_alert="PipelineTimeSavingsLow",
        low_advice="See which content types save less, and whether their bypass rate fell or the shortcuts became "
        "slower.",
        board="pipemeter-savings",
        defaults=Bands(target=0.70, warning_low=0.60),
    ),
    Metric(
        _SECTION,
        "error_rate",
        "error_rate",
        high_alert="PipelineErrorRateHigh",
        high_advice=WHICH_STAGE,
        board="pipemeter-slo",
        defaults=Bands(target=0.01),
    ),
    Metric(
        _SECTION,
        "item_duration_p95_seconds",
        "item_duration_p95_seconds",
        high_alert="PipelineItemDurationHigh",
        high_advice="See which stage became slower and for which content type.",
        board="pipemeter-savings",
        maximum=_WEEK,
    ),
    Metric(
        _SECTION,
        "wrong_skip_rate",
        "wrong_skip_rate",
        high_alert="PipelineWrongSkipsHigh",
        high_advice="See which decision and which content type skips wrongly, and loosen its threshold: `pipemeter "
        "tune` says by how much.",
        board="pipemeter-quality",
        defaults=Bands(target=0.05, warning_high=0.10, window=86_400, for_seconds=600),
    ),
)
