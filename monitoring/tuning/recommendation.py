"""What tuning answers with: values recommended, what they are expected to do, and what has to be said about them."""

from __future__ import annotations

import msgspec

from monitoring.outlook.shadow_share import ShadowShare
from monitoring.tuning.alert_effect import AlertEffect
from pipeline.decisions.routing import Mode

Interval = tuple[float, float]
UNKNOWN: Interval = (0.0, 1.0)  # of a share of which nothing is known


class Recommendation(msgspec.Struct, frozen=True):
    """One value. The expected figures are those of all recommendations taken together."""

    threshold: str
    current: float
    recommended: float
    expected_bypass_rate: Interval
    expected_quality: float | None
    expected_time_savings: Interval
    samples: int
    reason: str
    expected_exit_rate: Interval | None = None  # of a checkpoint: items that leave there, of those asked


class ModeAdvice(msgspec.Struct, frozen=True):
    """How one content type should be processed."""

    content_type: str
    current: Mode
    recommended: Mode
    samples: int
    reason: str


class Expectation(msgspec.Struct, frozen=True):
    """Figures of one plan, of one content type or all; `now` as they were counted, else as they are expected.

    The `likely` ones lie within their intervals, as quality does; None where nothing is known.
    """

    items: int
    bypass_rate: Interval
    quality: float | None
    quality_interval: Interval | None
    time_savings: Interval
    likely_bypass_rate: float | None = None
    likely_time_savings: float | None = None


class Tuning(msgspec.Struct, frozen=True):
    """The answer."""

    confident: bool
    caveats: list[str]
    recommendations: list[Recommendation]
    goal: str
    config_version: str | None = None
    items: int = 0
    content_types: list[str] = []
    now: Expectation | None = None
    expected: Expectation | None = None
    modes: list[ModeAdvice] = []
    by_content_type: dict[str, Expectation] = {}
    alerts: list[AlertEffect] = []
    shadow: list[ShadowShare] = []
