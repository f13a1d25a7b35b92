"""How much may still go wrong, and how fast is it going? The board SLO and error budgets."""

from __future__ import annotations

from monitoring.alerts.recording_rules import BUDGET_RECORD
from monitoring.compile.boards.firing import firing_table
from monitoring.compile.dashboards.queries import families_of
from monitoring.domains.ask import PromQL
from monitoring.domains.board import COLUMNS, Board, Panel
from monitoring.domains.catalogue import signals
from monitoring.domains.ready_panels import hourly
from monitoring.domains.scale import GREEN, RED, YELLOW, Scale
from monitoring.promql.expressions import signal_record
from monitoring.targets.slos import Slo, tiers_for
from monitoring.targets.targets import Targets
from monitoring.wording.durations import format_duration
from pipeline.domains.content.families import FAILURES, ITEMS

_LEFT = Scale("percentunit", 1, steps=((None, RED), (0.0, YELLOW), (0.25, GREEN)))
_LINES = ("red", "orange", "purple", "blue")

WORST_BUDGET = Panel(
    "How much error budget is left?",
    "Of the objective that has least left: the share of the failures it allows that is not used up. Negative means "
    "overspent. Rests on the objective's own window, not on the chosen range.",
    "number",
    (PromQL(f"bottomk(1, {BUDGET_RECORD})", (ITEMS.name, FAILURES.name, "up"), "{{slo}}"),),
    _LEFT,
    width=6,
    height=4,
)


def board(targets: Targets) -> Board:
    """Return the board: what is left of each objective, and how fast it goes."""
    return Board(
        "slo",
        "pipemeter: SLO and error budgets",
        "How much may still go wrong, and how fast is it going? Objectives and windows come from monitoring.yaml.",
        (
            *(_left(slo, max(6, COLUMNS // len(targets.slos))) for slo in targets.slos),
            *([_budgets(targets)] if targets.slos else []),
            hourly(
                "failures",
                "What uses the budget up?",
                "Items that ended failed, an hour, by the stage.",
                "pipeline_stage",
                12,
            ),
            *(_burn(slo) for slo in targets.slos),
            firing_table('slo!=""'),
        ),
        ("job",),
        start="now-7d",
    )


def _left(slo: Slo, width: int) -> Panel:
    signal = signals()[slo.signal]
    good = "good" if signal.good == "high" else "without fault"
    budget, window = f"{float(slo.budget) * 100:g} %", format_duration(slo.window)
    return Panel(
        f"How much {_title(slo)} budget is left?",
        f"Objective: {slo.objective * 100:g} % {good} over {window}. This is the share of the {budget} that may go "
        "wrong which is not used up; negative means overspent.",
        "number",
        (PromQL(f'{BUDGET_RECORD}{{slo="{slo.name}"}}', families_of(signal), f"of {budget} over {window}"),),
        _LEFT,
        width=width,
        height=4,
    )


def _title(slo: Slo) -> str:
    return slo.name.replace("_", " ").replace("-", " ")


def _budgets(targets: Targets) -> Panel:
    families = [family for slo in targets.slos for family in families_of(signals()[slo.signal])]
    return Panel(
        "How did the budgets develop?",
        "What was left of each error budget. A steady line is fine, a fall is an incident, a rise is an old incident "
        "that leaves the window. Below 0 the objective is missed.",
        "lines",
        (PromQL(BUDGET_RECORD, tuple(dict.fromkeys(families)), "{{slo}}"),),
        _LEFT,
        marks="always",
    )


def _burn(slo: Slo) -> Panel:
    families = families_of(signals()[slo.signal])
    tiers = tiers_for(slo)
    factors = ", ".join(f"{tier.factor} over {format_duration(tier.long_window)}" for tier in tiers)
    asks = tuple(
        PromQL(f"({_bad(slo, tier.long_window)}) / {slo.budget}", families, f"over {format_duration(tier.long_window)}")
        for tier in tiers
    )
    return Panel(
        f"How fast does {_title(slo)} burn?",
        "Burn rate: at 1 the budget lasts exactly its window, at 10 a tenth of it. Alerts fire when the rate exceeds "
        f"{factors} (and over the shorter window of each too).",
        "lines",
        asks,
        Scale("short", 2, minimum=0, steps=((None, GREEN), (1.0, YELLOW))),
        height=10,
        marks="always",
        colours={ask.legend: colour for ask, colour in zip(asks, _LINES, strict=False)},
    )


def _bad(slo: Slo, window: int) -> str:
    signal = signals()[slo.signal]
    name = signal_record(signal, window)
    return f"1 - {name}" if signal.good == "high" else name
