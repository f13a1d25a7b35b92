"""All boards as files: relative path to text."""

from __future__ import annotations

import re
from collections.abc import Callable

from monitoring.compile.boards import overview, slo
from monitoring.compile.dashboards.notes import NOTES
from monitoring.compile.vocabulary import Vocabulary
from monitoring.domains.board import Board
from monitoring.domains.content.boards import checkpoints, content_types, quality, savings, versions
from monitoring.domains.exporter.boards import health
from monitoring.targets.targets import Targets
from pipeline.errors import PipemeterError

FOLDER = "grafana/dashboards"
OLDEST = (10, 0)  # the first Grafana that reads what we write
NEWEST = (13, 2)  # what docker-compose.yml pins

_BOARDS: tuple[Callable[..., Board], ...] = (
    overview.board,
    content_types.board,
    checkpoints.board,
    quality.board,
    savings.board,
    versions.board,
    slo.board,
    health.board,
)


def boards(targets: Targets, *, recorded: bool = True) -> list[Board]:
    """Return all boards as data; `recorded` False makes them ask the raw families (to compare: it is slow)."""
    return [board(targets, recorded=recorded) for board in _BOARDS]


def filled_in(expression: str, span: str = "24h") -> str:
    """Return a query with its variables put in the way Grafana does, All chosen everywhere."""
    text = expression.replace("$__rate_interval", "5m").replace("$__range", span)
    return re.sub(r"\$\w+", ".*", text)


def dead_panels(targets: Targets, vocabulary: Vocabulary) -> list[str]:
    """Return everything that panels and annotations name and nobody exposes, each with where it stands."""
    asked = [
        (f"{board.name}: {panel.title}", query.expr)
        for board in boards(targets)
        for panel in board.panels
        for query in panel.queries
    ]
    asked += [(f"annotation {note.name}", note.expr) for note in NOTES]
    return [f"{place}: {found}" for place, expr in asked for found in vocabulary.check_expression(filled_in(expr))]


def dashboards(targets: Targets, *, grafana: tuple[int, int] = NEWEST) -> dict[str, str]:
    """Return the JSON of every board for a version of Grafana, by its relative path; the same input, the same text.

    Raises PipemeterError for a Grafana before 10.0, or when grafana-foundation-sdk is not installed.
    """
    if grafana < OLDEST:
        wanted = ".".join(map(str, grafana))
        raise PipemeterError(f"--grafana {wanted}: dashboards are written for Grafana 10.0 and newer")
    try:
        from monitoring.compile.dashboards.render import rendered
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("grafana_foundation_sdk"):
            raise
        raise PipemeterError(
            "dashboards need grafana-foundation-sdk, which is not installed: pip install 'pipemeter[dashboards]'"
        ) from None
    return {f"{FOLDER}/{board.name}.json": rendered(board, grafana) for board in boards(targets)}
