"""The choices at the top of a board as Grafana's JSON; each has All."""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.compile.dashboards.fields import SOURCE, Json
from monitoring.domains.variable import Variable

_ALWAYS: Json = {  # what Grafana writes for every variable
    "allowCustomValue": True,
    "auto": False,
    "auto_count": 30,
    "auto_min": "10s",
    "skipUrlSync": False,
}


def variables_json(variables: Iterable[Variable]) -> list[Json]:
    """Return the choice of the data source, then the others."""
    source = _ALWAYS | {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "prometheus",
        "includeAll": False,
        "multi": False,
    }
    return [source, *(_variable(one) for one in variables)]


def _variable(variable: Variable) -> Json:
    return _ALWAYS | {
        "type": "query",
        "name": variable.name,
        "label": variable.label,
        "description": variable.help,
        "datasource": SOURCE,
        "query": {"query": variable.query, "refId": variable.name, "qryType": 1},
        "refresh": 2,  # when the range changes
        "sort": 1,  # by the alphabet
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"selected": True, "text": "All", "value": "$__all"},
    }
