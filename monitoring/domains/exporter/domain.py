"""The exporter, and the chain behind it that tells of alerts, as they are judged."""

from __future__ import annotations

from monitoring.domains.domain import Domain
from monitoring.domains.exporter.alerts import FIXED
from monitoring.domains.exporter.boards import BOARDS, VARIABLES
from monitoring.domains.exporter.cases import CASES
from monitoring.domains.exporter.signals import SIGNALS

DOMAIN = Domain(
    name="exporter",
    title="Exporter",
    package=__package__,
    signals=SIGNALS,
    alerts=FIXED,
    cases=CASES,
    boards=BOARDS,
    variables=VARIABLES,
    recorded=False,
)
