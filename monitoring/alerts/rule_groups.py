"""Alerting rules as Prometheus reads them, as plain mappings, and the text of what is compiled."""

from __future__ import annotations

from typing import Any

import yaml

from monitoring.alerts.alert import Alert
from monitoring.domains import catalogue
from monitoring.targets.targets import Targets
from monitoring.wording.durations import format_duration


def alert_file(domain: str) -> str:
    """Return the file that holds the alerts of one domain."""
    return f"alert_rules/{domain}.yaml"


def alert_rule(alert: Alert, targets: Targets) -> dict[str, Any]:
    """Return one alerting rule."""
    rule: dict[str, Any] = {"alert": alert.name, "expr": alert.expr}
    if alert.for_seconds:
        rule["for"] = format_duration(alert.for_seconds)
    if alert.keep_firing_seconds:
        rule["keep_firing_for"] = format_duration(alert.keep_firing_seconds)
    return {**rule, "labels": alert.all_labels, "annotations": annotations_of(alert, targets)}


def annotations_of(alert: Alert, targets: Targets) -> dict[str, str]:
    """Return the four annotations of an alert; links lead to the board with the alert's labels as its variables."""
    known = catalogue.variables()
    variables = "&".join(
        f"{{{{ with $labels.{label} }}}}var-{label}={{{{ . | urlquery }}}}{{{{ end }}}}"
        for label in alert.further
        if label in known
    )
    board = f"{targets.links.grafana_url.rstrip('/')}/d/{alert.board}"
    return {
        "summary": alert.summary,
        "description": alert.description,
        "runbook_url": f"{targets.links.runbook_url.rstrip('/')}/{alert.name}",
        "dashboard_url": f"{board}?{variables}" if variables else board,
    }


class _Dumper(yaml.SafeDumper):
    """Blocks for texts of several lines, sequences indented, nothing folded."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - yaml calls it so
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def dump(document: Any, source: str = "config/monitoring.yaml") -> str:
    """Return a document as YAML under the header of generated files."""
    return header(source) + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=2**16, allow_unicode=True)


def header(source: str = "config/monitoring.yaml", mark: str = "#") -> str:
    """Return the line that says where a generated file comes from."""
    return f"{mark} Compiled by `pipemeter compile` from {source}. DO NOT EDIT.\n"
