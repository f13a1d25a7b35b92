"""A board with nothing left to look up: its queries, scales, colours and texts as the targets make them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from monitoring.compile.dashboards.colours import colours_of
from monitoring.compile.dashboards.palette import Palette
from monitoring.compile.dashboards.queries import Queries, Query, window_of
from monitoring.compile.dashboards.scales import scale_of
from monitoring.domains.ask import Ask, Joined
from monitoring.domains.board import Board, Column, Panel
from monitoring.domains.catalogue import signal
from monitoring.domains.scale import Scale
from monitoring.domains.variable import Variable
from monitoring.targets.targets import Targets
from monitoring.wording.durations import format_duration
from pipeline.errors import DomainError

_BANDS = " Dashed lines are the bands from monitoring.yaml."


class DrawnColumn(msgspec.Struct, frozen=True):
    """One column of a table."""

    scale: Scale
    words: Mapping[str, str]
    width: int


class DrawnPanel(msgspec.Struct, frozen=True):
    """One panel. What is here stands for what its `panel` only names."""

    panel: Panel
    how: str
    queries: tuple[Query, ...]
    scale: Scale
    columns: Mapping[str, DrawnColumn]
    colours: Mapping[str, str]
    marks: bool
    link: tuple[str, str, str] | None

    @property
    def families(self) -> tuple[str, ...]:
        """Return the metrics that the panel shows."""
        return tuple(dict.fromkeys(name for query in self.queries for name in query.families))

    @property
    def description(self) -> str:
        """Return how to read the panel, what does not narrow it, the metrics it shows."""
        free = dict.fromkeys(one for query in self.queries for one in query.free)
        labels = [one.label.lower() for one in free if all(one in query.free for query in self.queries)]
        note = f" The choice of {' and '.join(labels)} does not narrow it." if labels else ""
        return f"{self.how}{note}\n\nMetric: {', '.join(f'`{name}`' for name in self.families)}"


class DrawnBoard(msgspec.Struct, frozen=True):
    """One dashboard."""

    board: Board
    panels: tuple[DrawnPanel, ...]
    variables: tuple[Variable, ...]

    @property
    def name(self) -> str:
        """Return the name of its file."""
        return self.board.name


def drawn(board: Board, targets: Targets, palette: Palette, *, recorded: bool = True) -> DrawnBoard:
    """Return the board as these targets make it; `recorded` False makes it ask the raw families.

    Raises DomainError for a panel that names what nobody declared, and for a variable that no domain has.
    """
    if unknown := [name for name in board.variables if name not in palette.variables]:
        raise DomainError([f"board {board.name}: no domain has a variable {unknown[0]!r}"])
    variables = tuple(palette.variables[name] for name in board.variables)
    queries = Queries(targets, variables, recorded=recorded)
    return DrawnBoard(
        board, tuple(_panel(board, panel, queries, targets, palette) for panel in board.panels), variables
    )


def _panel(board: Board, panel: Panel, queries: Queries, targets: Targets, palette: Palette) -> DrawnPanel:
    try:
        scale = scale_of(panel.scale, targets)
        marked = panel.marks == "always" or (panel.marks == "banded" and bool(scale.steps))
        own = panel.colours
        return DrawnPanel(
            panel,
            _how(panel, targets, banded=bool(scale.steps)),
            tuple(queries.query(ask, panel.kind) for ask in panel.asks),
            scale,
            {title: _column(column, targets) for title, column in panel.columns.items()},
            colours_of(own, targets, palette.colours) if isinstance(own, str) else own,
            marked,
            _link(panel, targets),
        )
    except (LookupError, ValueError) as error:
        raise DomainError([f"board {board.name}, panel {panel.title!r}: {error}"]) from error


def _column(column: Column, targets: Targets) -> DrawnColumn:
    return DrawnColumn(scale_of(column.scale, targets), column.words, column.width)


def _how(panel: Panel, targets: Targets, *, banded: bool) -> str:
    text = panel.how.replace(" {bands}", _BANDS if banded else "")
    first = panel.asks[0] if panel.asks else None
    if isinstance(first, Joined):
        first = first.asks[0]
    if not isinstance(first, Ask):
        return text
    window = format_duration(window_of(first, targets))
    return text.replace("{help}", signal(first.signal).help).replace("{window}", window)


def _link(panel: Panel, targets: Targets) -> tuple[str, str, str] | None:
    if panel.link is None:
        return None
    column, title, address = panel.link
    return column, title, address.replace("{runbooks}", targets.links.runbook_url)
