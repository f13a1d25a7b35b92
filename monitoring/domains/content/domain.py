"""The content pipeline, as it is judged."""

from __future__ import annotations

from monitoring.domains.content.alerts import FIXED
from monitoring.domains.content.bands import METRICS
from monitoring.domains.content.boards import BOARDS, COLOURS, VARIABLES
from monitoring.domains.content.cases import CASES
from monitoring.domains.content.signals import SIGNALS
from monitoring.domains.domain import Domain

DOMAIN = Domain(
    name="pipeline",
    title="Content pipeline",
    package=__package__,
    signals=SIGNALS,
    metrics=METRICS,
    alerts=FIXED,
    cases=CASES,
    headlines=tuple(metric.signal for metric in METRICS),
    boards=BOARDS,
    variables=VARIABLES,
    colours=COLOURS,
)
