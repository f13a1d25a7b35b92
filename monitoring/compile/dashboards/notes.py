"""What happened meanwhile, drawn as lines through the panels: configuration changes, alerts, restarts."""

from __future__ import annotations

import msgspec

from monitoring.compile.dashboards.fields import SOURCE, Json
from monitoring.domains.signal import count_of
from pipeline.domains.content.families import CONFIG_INFO
from pipeline.domains.exporter.families import RENDER_DURATION


class Note(msgspec.Struct, frozen=True):
    """One kind of annotation. `title` and `text` take labels as `{{label}}`.

    Grafana asks annotations at steps of up to a hundredth of the range, so each expression looks back over one step.
    """

    name: str
    colour: str
    expr: str
    title: str
    text: str


_CONFIG = f'count by (config_version, config_hash) (%s({CONFIG_INFO.name}{{job=~"$job"}}%s))'
NOTES = (
    Note(
        "Configuration changes",
        "blue",
        f"{_CONFIG % ('', '')} unless {_CONFIG % ('last_over_time', '[1h] offset $__rate_interval')}",
        "Configuration {{config_version}}",
        "came into force with hash {{config_hash}}",
    ),
    Note(
        "Alerts firing",
        "red",
        'max by (alertname, severity) (max_over_time(ALERTS{alertstate="firing",severity!="none"}[$__rate_interval]))',
        "{{alertname}}",
        "{{severity}}",
    ),
    Note(
        "Restarts",
        "purple",
        f'sum by (instance) (resets({count_of(RENDER_DURATION).series}{{job=~"$job"}}[$__rate_interval])) > 0',
        "Restart",
        "of the exporter {{instance}}",
    ),
)


def notes_json() -> list[Json]:
    """Return the annotations of every board."""
    return [
        {
            "builtIn": 0,
            "datasource": SOURCE,
            "enable": True,
            "expr": note.expr,
            "hide": False,
            "iconColor": note.colour,
            "name": note.name,
            "textFormat": note.text,
            "titleFormat": note.title,
        }
        for note in NOTES
    ]
