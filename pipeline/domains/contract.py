"""What a domain has to keep to, so that it harms no scrape, no rule and no other domain.

It is asked of every domain of another package when it is loaded, and of ours in the tests. A problem is one sentence:
whose, where, and why it cannot be.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
from prometheus_client import CollectorRegistry

from pipeline.domains.event import DomainEvent
from pipeline.errors import FOREIGN_FAILURES, shown, told
from pipeline.metrics.declarations import Declarations
from pipeline.metrics.domain import Domain, Handler
from pipeline.metrics.family import OTHER, UNSPECIFIED, Family, Label
from pipeline.metrics.labels import is_clean
from pipeline.metrics.registry import Metrics

MAX_VALUES = 10_000  # of one label
MAX_ZEROS = 5_000  # label sets of one family that stand at 0 from the start
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PREFIX = re.compile(r"[a-z][a-z0-9_]*_")
_ATTRIBUTE = re.compile(r"\w+(\.\w+)*:\w+")
_TAKEN_PREFIXES = ("process_", "python_", "scrape_", "prometheus_", "alertmanager_")  # others expose such names
# set by Prometheus on every series or alert, or part of a histogram
_TAKEN_LABELS = frozenset({"job", "instance", "le", "quantile", "alertname", "alertstate", "severity"})
_WORDS = "small letters, digits and underscores"


def problems(
    domain: object, package: str, others: Sequence[Domain], owners: Mapping[str, str] | None = None
) -> list[str]:
    """Return what is wrong with a domain beside those there are already, a sentence each; nothing: all is well.

    `owners` says which package a domain among the others is of; one that it does not name is pipemeter's.
    """
    if not isinstance(domain, Domain):
        return [f"{package}: its entry point leads to {shown(domain)}, expected a pipeline.metrics.domain.Domain"]
    steps: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: _shapes(domain),
        lambda: _own_name(domain, others, owners or {}),
        lambda: _declared(domain, others),
        lambda: _alive(domain, others),
    )
    for step in steps:  # what has no shape cannot be looked at further
        if found := list(step()):
            return [" ".join(f"{package}: domain {domain.name}: {problem}".split()) for problem in found]
    return []


def _shapes(domain: Domain) -> Iterator[str]:
    """Yield the fields that are of another type than declared: Python does not look at types by itself."""
    for field, kind in (("families", Family), ("labels", Label), ("events", type), ("prefixes", str)):
        value = getattr(domain, field)
        if not isinstance(value, tuple) or not all(isinstance(one, kind) for one in value):
            yield f"`{field}` has to be a tuple of {kind.__name__}, not {shown(value)}"
            return
    for field in ("handlers", "traffic"):
        if getattr(domain, field) is not None and not callable(getattr(domain, field)):
            yield f"`{field}` has to be a function or None, not {shown(getattr(domain, field))}"
    if not isinstance(domain.name, str) or not _NAME.fullmatch(domain.name):
        yield f"its name has to be {_WORDS}, not {shown(domain.name)}"
    if not isinstance(domain.judged, str) or (domain.judged and not _ATTRIBUTE.fullmatch(domain.judged)):
        yield f"`judged` has to be like package.module:ATTRIBUTE, not {shown(domain.judged)}"
    declared: list[Family | Label] = [
        one for field in (domain.families, domain.labels) for one in field if isinstance(one, Family | Label)
    ]
    for one in declared:
        try:
            msgspec.convert(msgspec.to_builtins(one), type(one))
        except (msgspec.ValidationError, TypeError) as error:
            yield f"{type(one).__name__} {shown(one.name)}: {error}"


def _own_name(domain: Domain, others: Sequence[Domain], owners: Mapping[str, str]) -> Iterator[str]:
    """Yield that the name is taken: all else would be that once more, for each metric and event of the same names."""
    if domain.name in {other.name for other in others}:
        yield f"{owners.get(domain.name, 'pipemeter')} has a domain of that name already"


def _declared(domain: Domain, others: Sequence[Domain]) -> Iterator[str]:
    yield from _names(domain, others)
    declared = Declarations((*others, domain))
    for family in domain.families:
        yield from (f"metric {family.name}: {why}" for why in _family(family))
        yield from (f"metric {family.name}: {why}" for why in _labels_of(family, declared))
    for label in domain.labels:
        yield from (f"label {label.name}: {why}" for why in _label(label))
    for event in domain.events:
        yield from (f"event {event.__name__}: {why}" for why in _event(event))


def _names(domain: Domain, others: Sequence[Domain]) -> Iterator[str]:
    """Yield the names that are somebody else's, given twice, or not the domain's to give."""
    prefixes = _prefixes(domain)
    for prefix in prefixes:
        yield from (f"prefix {shown(prefix)}: {why}" for why in _prefix(prefix, others))
    exposed = {name: other.name for other in others for family in other.families for name in _exposed(family)}
    labels: dict[str, tuple[str, Label | None]] = {"label": ("exporter", None)}  # the names of labels, as a label
    labels |= {label.name: (other.name, label) for other in others for label in other.labels}
    events = {word: other.name for other in others for event in other.events for word in _words(event)}
    for family in domain.families:
        if not family.name.startswith(prefixes):
            yield f"metric {family.name}: its name has to begin with {' or '.join(prefixes)} (see Domain.prefixes)"
        if taken := next((exposed[name] for name in _exposed(family) if name in exposed), None):
            yield f"metric {family.name}: domain {taken} exposes a metric of that name"
        exposed |= dict.fromkeys(_exposed(family), domain.name)
    for label in domain.labels:
        whose, theirs = labels.get(label.name, ("", label))
        if theirs != label or whose == domain.name:
            yield f"label {label.name}: domain {whose} declares it otherwise; what means something else is `own`"
        labels[label.name] = (domain.name, label)
    for event in domain.events:
        if taken := next((word for word in _words(event) if word in events), None):
            yield f"event {event.__name__}: domain {events[taken]} has an event called {taken}"
        events |= dict.fromkeys(_words(event), domain.name)


def _prefixes(domain: Domain) -> tuple[str, ...]:
    return domain.prefixes or (f"{domain.name}_",)


def _prefix(prefix: str, others: Sequence[Domain]) -> Iterator[str]:
    """Yield why metrics may not begin so; `up`, `ALERTS` and the like are out of reach of whatever ends in `_`."""
    if not _PREFIX.fullmatch(prefix):
        yield f"it has to be {_WORDS}, and to end in an underscore"
        return
    if prefix.startswith(_TAKEN_PREFIXES):
        yield "such metrics are exposed by others"
    for other in others:
        if theirs := next((one for one in _prefixes(other) if one.startswith(prefix) or prefix.startswith(one)), None):
            yield f"the metrics of domain {other.name} begin with {theirs}"


def _exposed(family: Family) -> tuple[str, ...]:
    """Return the names of series that are taken where a family is."""
    if family.kind == "histogram":
        return tuple(family.name + suffix for suffix in ("", "_bucket", "_count", "_sum"))
    return (family.name, family.name.removesuffix("_total"))


def _words(event: type) -> tuple[str, ...]:
    """Return what an event is called: by its tag on the wire, by its class in the description of the API."""
    config = getattr(event, "__struct_config__", None)
    return (event.__name__, str(config.tag)) if config else (event.__name__,)


def _family(family: Family) -> Iterator[str]:
    if not _NAME.fullmatch(family.name):
        yield f"a metric's name has to be {_WORDS}"
    if not family.help.strip():
        yield "it has no help text"
    for field, text in (("help", family.help), ("why", family.why)):
        if text and text.splitlines() != [text]:
            yield f"`{field}` has to be one line: it is a cell of the reference's tables"
    if (family.kind == "counter") != family.name.endswith("_total"):
        yield "the name of a counter, and of nothing else, ends in _total"
    edges = family.buckets
    if family.kind != "histogram":
        if edges:
            yield f"a {family.kind} has no buckets"
        return
    if not edges:
        yield "a histogram needs edges for its buckets"
    elif list(edges) != sorted(set(edges)) or not all(math.isfinite(edge) for edge in edges):
        yield f"the edges of its buckets have to rise and be finite, not {edges}"
    elif not family.why.strip():
        yield "it gives no argument for its buckets (`why`)"


def _labels_of(family: Family, declared: Declarations) -> Iterator[str]:
    if len(set(family.labels)) < len(family.labels):
        yield f"a label stands twice among {', '.join(family.labels)}"
    for name in family.labels:
        if not _NAME.fullmatch(name):
            yield f"label {shown(name)} has to be {_WORDS}"
        elif name in _TAKEN_LABELS or name.startswith("exported_"):
            yield f"label {name} is set by Prometheus itself"
        elif not family.own_label(name) and name not in declared.labels:
            yield f"label {name} is declared neither among `own` nor among the labels of a domain"
    for own in family.own:
        yield from (f"label {own.name}: {why}" for why in _label(own))
    recorded = family.recorded
    pairs = (*family.pairs, *family.pairs.values())
    for name in (*(own.name for own in family.own), *pairs, *recorded.over, *recorded.buckets_of):
        if name not in family.labels:
            yield f"label {name} is spoken of, but is none of its labels"
    for label, owner in family.pairs.items():
        if not family.own_label(label):
            yield f"label {label} is paired with {owner}, so it has to be declared among `own`"
        if owner in family.labels and label in family.labels[: family.labels.index(owner)]:
            yield f"label {label} is paired with {owner}, so it has to stand after it"
    if family.zeros and (count := _zeros(family, declared)) > MAX_ZEROS:
        yield f"{count:,} label sets would stand at 0 from the start, more than {MAX_ZEROS:,} (see Family.zeros)"


def _zeros(family: Family, declared: Declarations) -> int:
    known = (family.own_label(name) or declared.labels.get(name) for name in family.labels)
    return math.prod(len(label.values) + (label.unspecified == "beside") for label in known if label)


def _label(label: Label) -> Iterator[str]:
    if not label.values and not label.cap:
        yield "it has neither values nor a cap, so that nothing bounds its series"
    if not 0 <= label.cap <= MAX_VALUES or len(label.values) > MAX_VALUES:
        yield f"it may have up to {MAX_VALUES:,} values"
    if len(set(label.values)) < len(label.values):
        yield "a value stands twice among its values"
    for value in label.values:
        if value in (OTHER, UNSPECIFIED):
            yield f"the value {value} is pipemeter's own"
        elif not value or not is_clean(value):
            yield f"the value {shown(value)} has to be short, printable and without spaces around it"


def _event(event: type) -> Iterator[str]:
    if not issubclass(event, DomainEvent):
        yield "it has to be a subclass of pipeline.events.DomainEvent"
        return
    config = event.__struct_config__
    if not isinstance(config.tag, str) or not _NAME.fullmatch(config.tag):
        yield f"its tag has to be {_WORDS}, not {config.tag!r} (class {event.__name__}(DomainEvent, tag=...))"
    if config.tag_field != "type" or not config.frozen or not config.forbid_unknown_fields:
        yield "it has to be frozen, to forbid unknown fields and to keep `type` as the field of its tag"
    try:
        msgspec.json.schema(event)
    except FOREIGN_FAILURES as error:  # annotations are somebody else's code
        yield f"its fields cannot be read from JSON: {told(error)}"


def _alive(domain: Domain, others: Sequence[Domain]) -> Iterator[str]:
    """Yield what goes wrong when the metrics are made and the handlers bound."""
    try:
        metrics = Metrics(CollectorRegistry(), (*others, msgspec.structs.replace(domain, handlers=None)))
        handled = set(bound(domain, metrics))
    except FOREIGN_FAILURES as error:  # handlers are somebody else's code
        yield f"its handlers cannot be bound to the metrics: {told(error)}"
        return
    events = set(domain.events)
    yield from (f"event {event.__name__}: nothing handles it" for event in domain.events if event not in handled)
    yield from (
        f"event {getattr(event, '__name__', shown(event))}: it is handled, but is none of its events"
        for event in handled - events
    )


def bound(domain: Domain, metrics: Metrics) -> Mapping[type, Handler]:
    """Return the handlers of a domain for some metrics, by event.

    Raises TypeError if they are no mapping of events to functions, and whatever the domain raises.
    """
    handlers = domain.handlers(metrics) if domain.handlers else {}
    if not isinstance(handlers, Mapping):
        raise TypeError(f"expected a mapping of events to functions, not {shown(handlers)}")
    found = dict(handlers)
    for event, handler in found.items():
        if not callable(handler):
            raise TypeError(
                f"event {getattr(event, '__name__', shown(event))}: expected a function, not {shown(handler)}"
            )
    return found
