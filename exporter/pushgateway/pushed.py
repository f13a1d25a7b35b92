"""What a batch job pushes: metric families, read from text or protobuf, and checked before anything is kept."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import msgspec
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as _parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as _parse_classic

from exporter.errors import ApiError

PUSH_TIME = "push_time_seconds"
PUSH_FAILURE_TIME = "push_failure_time_seconds"
MAX_NAME, MAX_VALUE, MAX_HELP = 200, 1000, 2000  # characters
_NAME = re.compile(r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")
_LABEL = re.compile(r"^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$")
_COUNTER = re.compile(r"^#[ \t]*TYPE[ \t]+(\S+)[ \t]+counter[ \t]*$", re.MULTILINE)
Group = tuple[tuple[str, str], ...]
_Parser = Callable[[str], Iterable[Metric]]
_openmetrics: _Parser = _parse_openmetrics
_classic: _Parser = _parse_classic


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One value of a family. The labels hold the grouping key too."""

    name: str
    labels: dict[str, str]
    value: float


class Pushed(msgspec.Struct, frozen=True):
    """One family of a push."""

    name: str
    kind: str
    help: str
    samples: Sequence[Sample]


class Push(msgspec.Struct, frozen=True):
    """A push as the journal keeps it."""

    action: Literal["PUT", "POST", "DELETE"]
    group: Group
    families: Sequence[Pushed]


def group_of(path: str) -> Group:
    """Read the grouping key from the path behind `/metrics/`: `job/NAME{/LABEL/VALUE}`. Raises ApiError 400.

    `LABEL@base64` says that its value is in base64 (URL-safe, `=` for the empty value).
    """
    parts = path.rstrip("/").split("/") if not path.endswith("@base64/") else path.split("/")
    if len(parts) % 2:
        raise _bad(f"the path needs pairs of label and value, got {len(parts)} parts")
    pairs: dict[str, str] = {}
    for name, value in zip(parts[::2], parts[1::2], strict=True):
        label = name.removesuffix("@base64")
        if not _LABEL.match(label) or label in pairs or len(label) > MAX_NAME:
            raise _bad(f"{label[:60]!r} cannot be a grouping label")
        pairs[label] = _decoded(value) if label != name else value
        if len(pairs[label]) > MAX_VALUE:
            raise _bad(f"the value of {label!r} is longer than {MAX_VALUE} characters")
    if not pairs.get("job"):
        raise _bad("the grouping key needs a job that is not empty")
    return tuple(sorted(pairs.items()))


def families_of(body: bytes, media_type: str, group: Group) -> list[Pushed]:
    """Parse a pushed body. Raises ApiError 400 for what is not valid, naming the family."""
    if media_type == "application/vnd.google.protobuf":
        from exporter.pushgateway.protobuf import metric_families

        return [_checked(metric, group) for metric in _merged(metric_families(body))]
    try:
        text = body.decode("utf-8")
        metrics = list(_openmetrics(text) if media_type == "application/openmetrics-text" else _as_pushed(text))
    except Exception as error:  # noqa: BLE001 - the parsers of prometheus_client raise many types on odd input
        raise _bad(f"not valid metrics text: {str(error)[:200]}") from None
    return [_checked(metric, group) for metric in _merged(metrics)]


def _as_pushed(text: str) -> list[Metric]:
    """Parse classic text; a counter whose name lacks `_total` keeps its name (the parser would add the suffix)."""
    bare = {name for name in _COUNTER.findall(text) if not name.endswith("_total")}
    metrics = list(_classic(text))
    for metric in metrics:
        if metric.type == "counter" and metric.name in bare:
            metric.type = "unknown"  # no counter without the suffix can be said in OpenMetrics
            metric.samples = [s._replace(name=s.name.removesuffix("_total")) for s in metric.samples]
    return metrics


def _merged(metrics: Iterable[Metric]) -> list[Metric]:
    """Join what belongs to one family: the parsers give untyped samples one by one."""
    found: dict[str, Metric] = {}
    for metric in metrics:
        known = found.setdefault(metric.name, metric)
        if known is metric:
            continue
        if known.type != metric.type:
            raise _bad(f"{metric.name} is declared twice")
        known.samples += metric.samples
    return list(found.values())


def _checked(metric: Metric, group: Group) -> Pushed:
    if not _NAME.match(metric.name) or len(metric.name) > MAX_NAME:
        raise _bad(f"{metric.name[:60]!r} cannot be a metric name")
    if metric.name in (PUSH_TIME, PUSH_FAILURE_TIME):
        raise _bad(f"{metric.name} is made by the exporter itself")
    samples = [_sample(metric, s.name, s.labels, s.value, s.timestamp, group) for s in metric.samples]
    if len({(s.name, tuple(sorted(s.labels.items()))) for s in samples}) < len(samples):
        raise _bad(f"{metric.name}: the same series stands there twice")
    return Pushed(metric.name, metric.type, metric.documentation[:MAX_HELP], samples)


def _sample(metric: Metric, name: str, labels: dict[str, str], value: float, timestamp: object, group: Group) -> Sample:
    if timestamp is not None:
        raise _bad(f"{metric.name}: a pushed sample must not have a timestamp")
    if not _NAME.match(name) or len(name) > MAX_NAME:
        raise _bad(f"{name[:60]!r} cannot be a metric name")
    for label, text in labels.items():
        if not _LABEL.match(label) or len(label) > MAX_NAME or len(text) > MAX_VALUE:
            raise _bad(f"{metric.name}: label {label[:60]!r} is not valid or its value too long")
    return Sample(name, {"instance": "", **labels, **dict(group)}, float(value))


def _decoded(value: str) -> str:
    try:
        padded = value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise _bad(f"{value[:60]!r} is not valid base64") from None


def _bad(message: str) -> ApiError:
    return ApiError(400, "malformed", message)
