"""What a batch job pushes: metric families, read from text or protobuf, and checked before anything is kept.

They are kept as the classic text format knows them (a counter's name holds its `_total`, if it has one), whatever
format they came in; that is how a Pushgateway keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

import msgspec
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as _parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as _parse_classic
from prometheus_client.samples import Sample as ParsedSample

from exporter.pushgateway import strict_text
from exporter.pushgateway.declared import KINDS, SUFFIXES, Declared, as_classic
from exporter.pushgateway.grouping import LABEL, MAX_NAME, MAX_VALUE, Group, refused
from exporter.pushgateway.protobuf import metric_families

PUSH_TIME = "push_time_seconds"
PUSH_FAILURE_TIME = "push_failure_time_seconds"
MAX_HELP = 2000  # characters
_NAME = re.compile(r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")
_TYPE = re.compile(r"^[ \t]*#[ \t]*TYPE[ \t]+(\S+)[ \t]+(\S+)[ \t]*\r?$", re.MULTILINE)
_EDGES = {("histogram", "_bucket"): "le", ("summary", ""): "quantile"}  # kind and suffix -> label that is a number
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


def families_of(body: bytes, media_type: str, group: Group) -> list[Pushed]:
    """Parse a pushed body. Raises ApiError 400 for what is not valid, naming the family."""
    if media_type == "application/vnd.google.protobuf":
        return _checked(metric_families(body), group)
    try:
        text = body.decode("utf-8")
        openmetrics = media_type == "application/openmetrics-text"
        found = list(_from_openmetrics(text) if openmetrics else _from_classic(text))
    except Exception as error:  # noqa: BLE001 - the parsers of prometheus_client raise many types on odd input
        raise refused(f"not valid metrics text: {str(error)[:200]}") from None
    return _checked(found, group)


def _from_classic(text: str) -> Iterator[Declared]:
    """Parse classic text. The parser gives counters the suffix `_total`, so it is not told of those that have none."""
    strict_text.check(text)
    kinds: dict[str, str] = {}
    for name, kind in _TYPE.findall(text):
        if name in kinds:
            raise ValueError(f"{name} is declared twice")
        if kind not in KINDS:
            raise ValueError(f"{name}: {kind} is no type of metric")
        kinds[name] = kind
    bare = {
        name for name, kind in kinds.items() if kind == "counter" and (not name.endswith("_total") or name == "_total")
    }
    if bare:
        text = _TYPE.sub(lambda found: f"# TYPE {found[1]} gauge" if found[1] in bare else found[0], text)
    for metric in _classic(text):
        if metric.name in bare and metric.type == "gauge":
            yield Declared(metric.name, "counter", metric.documentation, metric.samples)
        else:
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            yield Declared(name, KINDS[metric.type], metric.documentation, metric.samples)


def _from_openmetrics(text: str) -> Iterator[Declared]:
    for metric in _openmetrics(text):
        yield from as_classic(metric.name, metric.type, metric.documentation, metric.samples)


def _joined(families: Iterable[Declared]) -> list[Declared]:
    """Join what belongs to one family: the parsers give untyped samples one by one."""
    found: dict[str, Declared] = {}
    for family in families:
        known = found.setdefault(family.name, family)
        if known is family:
            continue
        if known.kind != family.kind:
            raise refused(f"{family.name} is declared twice")
        known.samples += family.samples
    return list(found.values())


def _checked(families: Iterable[Declared], group: Group) -> list[Pushed]:
    """Return the families that have samples; a name and a type alone are nothing, as for a Pushgateway."""
    return [_family(family, group) for family in _joined(families) if family.samples]


def _family(family: Declared, group: Group) -> Pushed:
    if not _NAME.match(family.name) or len(family.name) > MAX_NAME:
        raise refused(f"{family.name[:60]!r} cannot be a metric name")
    if family.name in (PUSH_TIME, PUSH_FAILURE_TIME):
        raise refused(f"{family.name} is made by the exporter itself")
    samples = [_sample(family, sample, group) for sample in family.samples]
    if len({key_of(sample) for sample in samples}) < len(samples):
        raise refused(f"{family.name}: the same series stands there twice")
    return Pushed(family.name, family.kind, family.help[:MAX_HELP], samples)


def _sample(family: Declared, sample: ParsedSample, group: Group) -> Sample:
    if sample.timestamp is not None:
        raise refused(f"{family.name}: a pushed sample must not have a timestamp")
    if not _NAME.match(sample.name) or len(sample.name) > MAX_NAME:
        raise refused(f"{sample.name[:60]!r} cannot be a metric name")
    edge = _EDGES.get((family.kind, sample.name.removeprefix(family.name)))
    if edge in sample.labels and not strict_text.is_number(sample.labels[edge]):
        raise refused(f"{family.name}: expected a number as {edge}, got {sample.labels[edge][:60]!r}")
    for label, text in sample.labels.items():
        if not LABEL.match(label) or len(label) > MAX_NAME or len(text) > MAX_VALUE:
            raise refused(f"{family.name}: label {label[:60]!r} is not valid or its value too long")
    return Sample(sample.name, {"instance": "", **sample.labels, **dict(group)}, float(sample.value))


SeriesKey = tuple[str, frozenset[tuple[str, str]]]


def key_of(sample: Sample) -> SeriesKey:
    """Return what makes a series: its name and the labels that have a value (an empty one is as good as none)."""
    return sample.name, frozenset(pair for pair in sample.labels.items() if pair[1])


def upgraded(families: Iterable[Pushed]) -> Iterator[Pushed]:
    """Yield families as they are kept now, from a journal in which counters had lost their `_total`."""
    for family in families:
        plain = {family.name, *(family.name + suffix for suffix in SUFFIXES.get(family.kind, ("",)))}
        if family.kind in KINDS.values() and all(sample.name in plain for sample in family.samples):
            yield family
            continue
        samples = [ParsedSample(sample.name, sample.labels, sample.value) for sample in family.samples]
        for one in as_classic(family.name, family.kind, family.help, samples):
            if one.samples:
                yield Pushed(one.name, one.kind, one.help, [Sample(s.name, s.labels, s.value) for s in one.samples])
