"""Writes the generated parts of the docs, or checks them: `python -m tools.generate [--check]`.

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->` in a hand-written page. A page that lost
a marker fails the check as much as one that was edited inside.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

from monitoring.alerts.alert import alerts_of
from monitoring.domains.catalogue import SIGNALS
from monitoring.targets.targets import Targets
from monitoring.wording.durations import format_duration
from pipeline.decisions.facts import FACTS
from pipeline.domains import catalogue
from pipeline.metrics.family import Family

ROOT = Path(__file__).parents[1]


def facts_table() -> str:
    """Return the table of the facts that conditions may use."""
    rows = ["| fact | type | known from | a comparison is perfectly clear at | meaning |", "|---|---|---|---|---|"]
    for fact in FACTS.values():
        scale = f"{fact.scale:g} from the threshold" if fact.scale else "always"
        rows.append(f"| `{fact.name}` | {fact.type} | `{fact.known_from}` | {scale} | {fact.help} |")
    return "\n".join(rows)


def metrics_tables() -> str:
    """Return the tables of all metric families, by domain."""
    parts = []
    for domain in dict.fromkeys(family.domain for family in catalogue.FAMILIES):
        parts += [f"### {domain}", "", "| metric | type | labels | meaning |", "|---|---|---|---|"]
        parts += [_metric_row(family) for family in catalogue.FAMILIES if family.domain == domain]
        parts.append("")
    return "\n".join(parts).rstrip()


def _metric_row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels) or "-"
    note = f" Buckets: {family.why}." if family.why else ""
    return f"| `{family.name}` | {family.kind} | {labels} | {family.help}{note} |"


def labels_table() -> str:
    """Return the table of all labels with the values they may take."""
    rows = ["| label | values | at most |", "|---|---|---|"]
    for family in catalogue.FAMILIES:
        for name in family.labels:
            label = catalogue.label_of(family, name)
            title = f"`{name}` of `{family.name}`" if name == "reason" else f"`{name}`"
            known = ", ".join(f"`{value}`" for value in label.values) or "from configuration and records"
            row = f"| {title} | {known} | {label.cap or 'these'} |"
            if row not in rows:
                rows.append(row)
    return "\n".join(rows)


def signals_table() -> str:
    """Return the table of all signals."""
    rows = ["| signal | kind | unit | good | may be split by | meaning |", "|---|---|---|---|---|---|"]
    for signal in SIGNALS.values():
        splits = ", ".join(f"`{label}`" for label in signal.splits)
        rows.append(f"| `{signal.name}` | {signal.kind} | {signal.unit} | {signal.good} | {splits} | {signal.help} |")
    return "\n".join(rows)


def alerts_table() -> str:
    """Return the table of the alerts that the built-in targets give, in the order of triage."""
    rows = ["| alert | severity | fires when | for | further labels |", "|---|---|---|---|---|"]
    for alert in alerts_of(Targets()):
        condition = " ".join(alert.expr.split())
        labels = ", ".join(
            [f"`{name}={value}`" for name, value in alert.labels.items()] + [f"`{x}`" for x in alert.further]
        )
        rows.append(
            f"| [`{alert.name}`](runbooks/{alert.name}.md) | {alert.severity} | `{condition}` | "
            f"{format_duration(alert.for_seconds)} | {labels or '-'} |"
        )
    return "\n".join(rows)


PARTS: dict[str, Callable[[], str]] = {
    "facts": facts_table,
    "metrics": metrics_tables,
    "labels": labels_table,
    "signals": signals_table,
    "alerts": alerts_table,
}
PAGES = {
    "docs/configuration.md": ("facts",),
    "docs/metrics.md": ("metrics", "labels"),
    "docs/monitoring.md": ("signals", "alerts"),
}


def rendered(text: str, names: tuple[str, ...]) -> str:
    """Return a page with its generated parts replaced. Raises ValueError for a missing marker."""
    for name in names:
        found = re.search(rf"(?<=<!-- generated: {name} -->\n).*?(?=<!-- end -->)", text, re.DOTALL)
        if not found:
            raise ValueError(f"the markers of the generated part `{name}` are missing")
        text = text[: found.start()] + PARTS[name]() + "\n" + text[found.end() :]
    return text


def main() -> int:
    """Write or check all pages; return the exit code."""
    arguments = argparse.ArgumentParser(description="Write or check the generated parts of the docs.")
    arguments.add_argument("--check", action="store_true", help="change nothing; fail if anything would change")
    check = arguments.parse_args().check
    stale = False
    for page, names in PAGES.items():
        path = ROOT / page
        text = path.read_text()
        try:
            wanted = rendered(text, names)
        except ValueError as error:
            print(f"{page}: {error}", file=sys.stderr)
            return 1
        if wanted == text:
            continue
        stale = True
        print(f"{page}: " + ("not what `make generate` writes" if check else "written"), file=sys.stderr)
        if not check:
            path.write_text(wanted)
    return int(stale and check)


if __name__ == "__main__":
    sys.exit(main())
