"""The colours of a label's values, the same on every board."""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.domains.scale import GREY
from monitoring.targets.targets import Targets
from pipeline.domains import catalogue
from pipeline.metrics.family import OTHER, UNSPECIFIED

_IN_ORDER = (
    "blue",
    "orange",
    "green",
    "purple",
    "yellow",
    "red",
    "light-blue",
    "super-light-orange",
    "light-green",
    "super-light-purple",
    "dark-yellow",
    "light-red",
)


def colours_of(label: str, targets: Targets, own: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """Return the colour of each known value of a label; values that are not known get one from Grafana.

    `own`: label -> value -> colour, for labels whose colours mean something. Raises LookupError for a label that no
    metric has.
    """
    if label in own:
        return own[label]
    values = targets.content_types if label == "content_type" else _values(label)
    found = {value: _IN_ORDER[number % len(_IN_ORDER)] for number, value in enumerate(values)}
    return found | dict.fromkeys((UNSPECIFIED, OTHER), GREY) if found else {}


def _values(label: str) -> tuple[str, ...]:
    for family in catalogue.families():
        if label in family.labels:
            return catalogue.label_of(family, label).values
    raise LookupError(f"label {label!r} stands on no metric")
