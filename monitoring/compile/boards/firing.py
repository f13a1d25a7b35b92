"""Panels about alerts, the same on every board that has them."""

from __future__ import annotations

from monitoring.domains.ask import PromQL
from monitoring.domains.board import Column, Panel
from monitoring.domains.scale import GREEN, RED, YELLOW, Scale

_NAMES = "alertname, severity, domain"
_SEVERITY = {"critical": RED, "warning": YELLOW, "info": "blue"}

FIRING_COUNT = Panel(
    "How many alerts are firing?",
    "Alerts that fire now, of any severity; 0 is good. The table of alerts on the Overview names them.",
    "number",
    (PromQL('count(ALERTS{alertstate="firing",severity!="none"}) or vector(0)', ("ALERTS",), "now"),),
    Scale("short", 0, steps=((None, GREEN), (1.0, RED))),
    width=6,
    height=4,
)


def firing_table(matcher: str = 'severity!="none"') -> Panel:
    """Return the alerts that fire now, each with since when and a link to its runbook."""
    firing = f'max by ({_NAMES}) (ALERTS{{alertstate="firing",{matcher}}})'
    since = f"max by ({_NAMES}) (ALERTS_FOR_STATE) * 1000 and on ({_NAMES}) {firing}"
    return Panel(
        "Which alerts are firing?",
        "Every alert whose condition holds and that fires now, with since when it holds. Its name leads to what to do.",
        "table",
        (PromQL(since, ("ALERTS", "ALERTS_FOR_STATE"), "Since"),),
        width=24,
        height=6,
        empty="No alert is firing",
        labels={"alertname": "Alert", "severity": "Severity", "domain": "Domain"},
        columns={
            "Alert": Column(width=230),
            "Since": Column(Scale("dateTimeFromNow")),
            "Severity": Column(words=_SEVERITY),
        },
        link=("Alert", "What to do", "{runbooks}/${__value.raw}"),
    )
