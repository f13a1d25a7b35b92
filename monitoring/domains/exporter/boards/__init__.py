"""The board of the exporter, and what is chosen at its top."""

from __future__ import annotations

from monitoring.domains.exporter.boards import health
from monitoring.domains.variable import Variable

BOARDS = (health.BOARD,)
VARIABLES = (
    Variable("instance", "Instance", "The exporter that was scraped.", 'label_values(up{job=~"$job"}, instance)'),
)
