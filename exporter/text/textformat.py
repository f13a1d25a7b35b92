"""How a sample becomes a line: names, labels, numbers and exemplars in the classic text format and in OpenMetrics.

Pure functions. Wherever prometheus_client has a function for a rule, that very function is used, so that the two
cannot drift apart; what is written anew here is only what has to be fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from math import inf

from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.samples import Exemplar
from prometheus_client.utils import floatToGoString

_go: Callable[[float], str] = floatToGoString
_EXPONENT_FROM = 1e6  # Go writes an exponent from here on, Python only from 1e16


class TextFormat(Enum):
    """The two exposition formats; the value is what prometheus_client calls them."""

    CLASSIC = "classic"
    OPENMETRICS = "openmetrics"


def numbers(values: Sequence[float]) -> list[str]:
    """Format many values as Go does; equal to `floatToGoString` of each, at a fraction of its cost."""
    floats = list(map(float, values))
    texts = list(map(repr, floats))
    for i in [i for i, value in enumerate(floats) if not -inf < value < _EXPONENT_FROM]:
        texts[i] = _go(floats[i])
    return texts


def number(value: float) -> str:
    """Format one value as Go does."""
    return _go(value)


def escape_value(value: str) -> str:
    """Escape a label value: backslash, newline and double quote."""
    if "\\" in value or "\n" in value or '"' in value:
        return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return value


def sample_name(name: str, text_format: TextFormat) -> str:
    """Return a sample's name as it is written at the start of its lines (names beyond ASCII get underscores)."""
    if text_format is TextFormat.CLASSIC:
        return openmetrics.escape_metric_name(name, openmetrics.UNDERSCORES)
    # OpenMetrics output escapes sample names by the rule for labels: a colon becomes an underscore there
    return openmetrics._escape(name, openmetrics.UNDERSCORES, openmetrics._is_legacy_labelname_rune)


def label_name(name: str) -> str:
    """Return a label's name as it is written."""
    return openmetrics.escape_label_name(name, openmetrics.UNDERSCORES)


def header(name: str, documentation: str, kind: str, unit: str, text_format: TextFormat) -> str:
    """Return the comment lines above a family, without the last newline. `kind` is prometheus_client's type."""
    if text_format is TextFormat.CLASSIC:
        full = name + "_total" if kind == "counter" else name
        written = openmetrics.escape_metric_name(full, openmetrics.UNDERSCORES)
        text = documentation.replace("\\", r"\\").replace("\n", r"\n")
        return f"# HELP {written} {text}\n# TYPE {written} {kind}"
    written = openmetrics.escape_metric_name(name, openmetrics.UNDERSCORES)
    head = f"# HELP {written} {escape_value(documentation)}\n# TYPE {written} {kind}"
    return f"{head}\n# UNIT {written} {unit}" if unit else head


def exemplar_text(exemplar: Exemplar | None) -> str:
    """Return what follows a sample's value in OpenMetrics when it carries an exemplar, else nothing."""
    if not exemplar:
        return ""
    labels = ",".join(f'{name}="{escape_value(value)}"' for name, value in sorted(exemplar.labels.items()))
    when = "" if exemplar.timestamp is None else f" {exemplar.timestamp}"
    return f" # {{{labels}}} {_go(exemplar.value)}{when}"
