"""Metrics and alerts are named by their declarations: what writes a name out goes on asking when it has changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from monitoring.domains.catalogue import fixed_alerts
from pipeline.domains.catalogue import families

ROOT = Path(__file__).parents[1]
PACKAGES = ("pipemeter", "exporter", "monitoring", "pipeline")
DECLARING = {"pipeline/metrics/labels.py": "declares exporter_label_overflow_total"}


def said(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module with their lines; docstrings are for people, who look a name up."""
    tree = ast.parse(path.read_text())
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.lineno, node.value


def written_out(names: Iterator[str]) -> set[str]:
    """Return where modules other than the domains write one of the names out."""
    pattern = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(map(re.escape, names))})(?![a-zA-Z0-9])")
    found = set()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            place = str(path.relative_to(ROOT))
            if f"{package}/domains/" not in place and place not in DECLARING:
                found |= {f"{place}:{line}: {text[:60]}" for line, text in said(path) if pattern.search(text)}
    return found


def test_no_module_outside_the_domains_writes_the_name_of_a_metric() -> None:
    assert not written_out(family.name for family in families())


def test_no_module_outside_the_domains_knows_a_fixed_alert_by_its_name() -> None:
    assert not written_out(alert.name for alert in fixed_alerts())
