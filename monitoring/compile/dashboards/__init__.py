"""Grafana dashboards as data: one module a board, shapes of panels, one renderer."""

from monitoring.compile.dashboards.files import dashboards

__all__ = ["dashboards"]
