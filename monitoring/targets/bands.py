"""Bands as an operator writes them: read strictly, every refusal with its place."""

from __future__ import annotations

from itertools import pairwise

import msgspec

from monitoring.domains.band import EDGES, MIN_WINDOW_SECONDS, Bands, Metric, Side
from monitoring.domains.catalogue import signal
from monitoring.domains.series import refuse_between_edges
from monitoring.wording.durations import EXPECTED, format_duration, parse_duration
from pipeline.errors import Problem
from pipeline.yaml_file import Node, nearest

MAX_WINDOW_SECONDS = 31 * 86_400
_LONGEST_COOLDOWN = 5 * 1440  # minutes; Alertmanager forgets what it sent after that


def read_bands(node: Node, metric: Metric, base: Bands, problems: list[Problem]) -> Bands:
    """Lay what a file says of one metric over `base`; what is wrong with it goes to `problems`, with its place."""
    values: dict[str, object] = {}
    for key, entry in node.items():
        if key not in _READERS:
            problems.append(entry.problem("a known key, " + nearest(key, _READERS)))
            continue
        try:
            name, value = _READERS[key](key, entry.plain(), metric)
        except ValueError as error:
            problems.append(entry.problem(str(error)))
            continue
        values[name] = value
    bands = msgspec.structs.replace(base, **values)
    problems.extend(_disorder(node, bands))
    return bands


def _edge(key: str, value: object, metric: Metric) -> tuple[str, float | None]:
    side: Side = "low" if key.endswith("low") else "high"
    if key != "target" and not (metric.low_alert if side == "low" else metric.high_alert):
        other = "high" if side == "low" else "low"
        raise ValueError(f"no such band: {metric.key} is only judged by warning_{other} and critical_{other}")
    if value is None:
        return key, None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"a number from 0 to {metric.maximum:g}, without a unit" + _percent_hint(value, metric))
    if not 0 <= value <= metric.maximum:
        raise ValueError(f"a number from 0 to {metric.maximum:g}" + _percent_hint(value, metric))
    if _is_out_of_reach(key, float(value), metric):
        return key, None
    if key != "target" and metric.signal:
        refuse_between_edges(signal(metric.signal), float(value))
    return key, float(value)


def _percent_hint(value: object, metric: Metric) -> str:
    """Return a hint for a value that looks like percent, or nothing."""
    text = str(value).strip().removesuffix("%").strip()
    try:
        number = float(text)
    except ValueError:
        return ""
    return f" ({number:g} % is written {number / 100:g})" if metric.maximum == 1.0 and 1 < number <= 100 else ""


def _is_out_of_reach(key: str, value: float, metric: Metric) -> bool:
    """Return whether no value can be beyond a threshold, so that it is none: its alert would be silent for ever."""
    if key == "target" or not metric.signal:
        return False
    return value <= 0 if key.endswith("low") else value >= metric.maximum


def _duration(key: str, value: object, metric: Metric) -> tuple[str, int]:  # noqa: ARG001 - readers are called alike
    if not isinstance(value, str):
        raise ValueError(EXPECTED)
    seconds = parse_duration(value)
    if not (MIN_WINDOW_SECONDS if key == "window" else 0) <= seconds <= MAX_WINDOW_SECONDS:
        raise ValueError(
            f"{EXPECTED}, from {'1m' if key == 'window' else '0s'} to {format_duration(MAX_WINDOW_SECONDS)}"
        )
    return {"for": "for_seconds"}.get(key, key), seconds


def _whole(key: str, value: object, metric: Metric) -> tuple[str, int | None]:  # noqa: ARG001
    what, highest = ("items", 1_000_000) if key == "min_items" else ("minutes", _LONGEST_COOLDOWN)
    if value is None and key == "cooldown_minutes":
        return key, None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= highest:
        raise ValueError(f"a whole number of {what} from 1 to {highest}, without a unit")
    return key, value


def _flag(key: str, value: object, metric: Metric) -> tuple[str, bool]:  # noqa: ARG001
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return key, value


_READERS = {
    **dict.fromkeys(EDGES, _edge),
    "window": _duration,
    "for": _duration,
    "min_items": _whole,
    "enabled": _flag,
    "cooldown_minutes": _whole,
}


def _disorder(node: Node, bands: Bands) -> list[Problem]:
    """Return a problem for each pair of neighbouring edges that stand the wrong way round."""
    given = dict(node.items())
    known = [(name, value) for name in EDGES if (value := getattr(bands, name)) is not None]
    problems = []
    for (lower, low), (upper, high) in pairwise(known):
        if low <= high:
            continue
        key, word, other, value = (lower, "at most", upper, high) if lower in given else (upper, "at least", lower, low)
        source = "" if other in given else ", built in: write it too, or null for none"
        problems.append(given.get(key, node).problem(f"{word} {value:g} ({other}{source})"))
    return problems
