"""The addresses that messages lead to: dashboards, Prometheus, Alertmanager, runbooks."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from monitoring.targets.fields import read_fields
from pipeline.errors import Problem
from pipeline.yaml_file import Node


class Links(msgspec.Struct, frozen=True):
    """Addresses as a person's browser reaches them, without a slash at the end.

    A runbook is at `runbook_url`/ALERTNAME; the exporter serves them below `/runbooks`.
    """

    grafana_url: str = "http://localhost:3000"
    prometheus_url: str = "http://localhost:9090"
    alertmanager_url: str = "http://localhost:9093"
    runbook_url: str = "http://localhost:8000/runbooks"


def read_links(node: Node | None, problems: list[Problem]) -> Links:
    """Read the section `links`; what is absent has its built-in value, what is wrong is added to `problems`."""
    if node is None:
        return Links()
    return read_fields(node, Links(), problems, readers=dict.fromkeys(Links.__struct_fields__, _address))


def _address(node: Node) -> str:
    text = node.plain()
    parts = urlsplit(text) if isinstance(text, str) else urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or set(text) & set(' <>|"()\\^`{}') or "@" in text:
        raise ValueError("an address such as https://grafana.example.com, without user and password")
    if parts.query or parts.fragment:
        raise ValueError("an address without ? and #")
    return str(text).rstrip("/")
