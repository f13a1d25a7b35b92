"""All boards as files: relative path to text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from monitoring.compile.boards import overview, slo
from monitoring.compile.dashboards.dashboard import dashboard_text
from monitoring.compile.dashboards.drawn import DrawnBoard, drawn
from monitoring.compile.dashboards.notes import NOTES
from monitoring.compile.dashboards.palette import palette_of
from monitoring.compile.vocabulary import Vocabulary
from monitoring.domains import catalogue
from monitoring.domains.domain import Domain
from monitoring.targets.targets import Targets
from pipeline.errors import DomainError, PipemeterError

FOLDER = "grafana/dashboards"
OLDEST = (10, 0)  # the first Grafana that reads what we write
NEWEST = (13, 2)  # what docker-compose.yml pins


def boards(targets: Targets, *, recorded: bool = True, domains: Sequence[Domain] | None = None) -> list[DrawnBoard]:
    """Return the boards of no single domain, then those of each.

    `recorded` False makes them ask the raw families, to compare: it is slow. Raises DomainError for a board that
    names what nobody declared, and for two of one name.
    """
    judged = catalogue.domains() if domains is None else domains
    found = [overview.board(targets), slo.board(targets), *(board for domain in judged for board in domain.boards)]
    names = [board.name for board in found]
    if double := [name for name in names if names.count(name) > 1]:
        raise DomainError([f"two boards are called {double[0]!r}: the name is that of the file, give one another"])
    palette = palette_of(judged)
    return [drawn(board, targets, palette, recorded=recorded) for board in found]


def filled_in(expression: str, span: str = "24h") -> str:
    """Return a query with its variables put in the way Grafana does, All chosen everywhere."""
    text = expression.replace("$__rate_interval", "5m").replace("$__range", span)
    return re.sub(r"\$\w+", ".*", text)


def dead_panels(targets: Targets, vocabulary: Vocabulary) -> list[str]:
    """Return everything that panels and annotations name and nobody exposes, each with where it stands."""
    asked = [
        (f"{board.name}: {one.panel.title}", query.expr)
        for board in boards(targets)
        for one in board.panels
        for query in one.queries
    ]
    asked += [(f"annotation {note.name}", note.expr) for note in NOTES]
    return [f"{place}: {found}" for place, expr in asked for found in vocabulary.check_expression(filled_in(expr))]


def dashboards(targets: Targets, *, grafana: tuple[int, int] = NEWEST) -> dict[str, str]:
    """Return the JSON of every board for a version of Grafana, by its relative path; the same input, the same text.

    Raises PipemeterError for a Grafana before 10.0.
    """
    if grafana < OLDEST:
        wanted = ".".join(map(str, grafana))
        raise PipemeterError(f"--grafana {wanted}: dashboards are written for Grafana 10.0 and newer")
    return {f"{FOLDER}/{board.name}.json": dashboard_text(board, grafana) for board in boards(targets)}
