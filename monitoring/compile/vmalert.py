"""Rule files for vmalert, which evaluates rules over VictoriaMetrics or anything else with Prometheus' query API.

The expressions are those of Prometheus: MetricsQL understands them. What differs is what stands here: fields that an
older vmalert refuses, and alerts about what evaluates the rules, which have to watch vmalert instead.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from monitoring.alerts.plan import Plan
from monitoring.alerts.recording_rules import Group
from monitoring.alerts.rule_groups import dump
from monitoring.domains.catalogue import fixed_alerts

FOLDER = "vmalert"
OLDEST = (1, 79)
KEEP_FIRING = (1, 92)  # vmalert 1.92.0 brought keep_firing_for; before it the field is refused


def vmalert_files(plan: Plan, *, version: tuple[int, int] = OLDEST) -> dict[str, str]:
    """Return the rule files by path for a vmalert of that version. Raises ValueError for one older than `OLDEST`."""
    if version < OLDEST:
        raise ValueError(f"vmalert {_shown(version)}: expected {_shown(OLDEST)} or newer")
    files = {}
    for path, groups in plan.files.items():
        adapted, dropped = _adapted(groups, version)
        note = f"# vmalert {_shown(version)} knows no keep_firing_for: left out of {', '.join(dropped)}.\n"
        files[_path(path)] = dump({"groups": adapted}) + (note if dropped else "")
    return files


def _path(path: str) -> str:
    found = PurePosixPath(path)
    return f"{FOLDER}/{'alerts-' if found.parts[0] == 'alert_rules' else ''}{found.name}"


def _adapted(groups: list[Group], version: tuple[int, int]) -> tuple[list[Group], list[str]]:
    """Return the groups for that version, and the alerts that lost a field."""
    others = {alert.name: alert.of_vmalert for alert in fixed_alerts() if alert.of_vmalert}
    dropped: dict[str, None] = {}
    adapted = []
    for group in groups:
        rules = [_watching_vmalert(rule, others.get(rule.get("alert", ""), ())) for rule in group["rules"]]
        if version < KEEP_FIRING:
            dropped |= dict.fromkeys(rule["alert"] for rule in rules if "keep_firing_for" in rule)
            rules = [{key: value for key, value in rule.items() if key != "keep_firing_for"} for rule in rules]
        adapted.append({**group, "rules": rules})
    return adapted, list(dropped)


def _watching_vmalert(rule: dict[str, Any], words: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Return the rule of an alert about what evaluates the rules as one about vmalert; every other rule as it is."""
    if not words:
        return rule
    texts = rule["annotations"] | {
        key: _replaced(rule["annotations"][key], words) for key in ("summary", "description")
    }
    return {**rule, "expr": _replaced(rule["expr"], words), "annotations": texts}


def _replaced(text: str, words: tuple[tuple[str, str], ...]) -> str:
    for word, other in words:
        text = text.replace(word, other)
    return text


def _shown(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
