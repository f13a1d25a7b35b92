"""Dead-rule-proof: no expression or template may name a metric, a label or a label value that nobody exposes.

promtool accepts a rule over a metric that does not exist; such a rule is silent for ever. Here every name is held
against the catalogue, what the recording rules make of it, and the few series of Prometheus and Alertmanager we use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import promql_parser as promql

from monitoring.alerts.labels import EVERY, TIER, of_all
from monitoring.domains.series import edge_text
from pipeline.domains import catalogue
from pipeline.metrics.family import OTHER, UNSPECIFIED, Family
from pipeline.metrics.known import KnownValues

Values = frozenset[str] | None  # None: any value
Labels = dict[str, Values]
Group = dict[str, Any]

TARGET_LABELS = ("job", "instance")
_FOREIGN: Mapping[str, tuple[str, ...]] = {
    "up": (),
    "scrape_duration_seconds": (),
    "scrape_samples_scraped": (),
    "alertmanager_notifications_total": ("integration",),
    "alertmanager_notifications_failed_total": ("integration",),
    "alertmanager_alerts": ("state",),
    "prometheus_rule_evaluation_failures_total": ("rule_group",),
    "prometheus_rule_group_last_duration_seconds": ("rule_group",),
    "prometheus_rule_group_iterations_missed_total": ("rule_group",),
    "prometheus_tsdb_head_series": (),
    "prometheus_tsdb_lowest_timestamp_seconds": (),
}
_PLAIN_ALTERNATION = re.compile(r"^[\w./ -]+(\|[\w./ -]+)*$")
_QUERY = re.compile(r'query\s+"((?:[^"\\]|\\.)*)"')
_TEMPLATE_LABEL = re.compile(r"\$labels\.(\w+)")
_NODES_WITHOUT_LABELS = ("NumberLiteral", "StringLiteral")


def foreign_series() -> dict[str, tuple[str, ...]]:
    """Return the series of others that we may name, each with the labels of theirs that we may; those of alerts too."""
    carried = (*EVERY, *of_all(), TIER)
    return {**_FOREIGN, "ALERTS": (*carried, "alertstate"), "ALERTS_FOR_STATE": carried}


class Vocabulary:
    """Every series that may be named, with its labels and their values. `known`: values from the configuration."""

    def __init__(self, groups: Iterable[Group] = (), known: Mapping[str, Iterable[str]] | None = None) -> None:
        self._series: dict[str, Labels] = {}
        for family in catalogue.families():
            self._series |= _series_of(family, known or {})
        for name, labels in foreign_series().items():
            self._series[name] = dict.fromkeys((*TARGET_LABELS, *labels))
        for group in groups:
            for rule in group["rules"]:
                if "record" in rule:
                    self._add_record(rule)

    def _add_record(self, rule: Mapping[str, Any]) -> None:
        """Add what a rule records; several rules may record one name, each with a label value of its own."""
        found = self.labels_of(rule["expr"]) | {k: frozenset({v}) for k, v in rule.get("labels", {}).items()}
        known = self._series.get(rule["record"], {})
        for label, values in found.items():
            before = known.get(label, frozenset())
            found[label] = None if values is None or before is None else values | before
        self._series[rule["record"]] = found

    def check_expression(self, text: str) -> list[str]:
        """Return what an expression names that does not exist, as sentences; an empty list when all is well."""
        try:
            tree = promql.parse(text)
        except ValueError as error:
            return [f"does not parse: {error}"]
        problems: list[str] = []

        def visit(node: Any) -> bool:
            if isinstance(node, promql.VectorSelector):
                problems.extend(self._check_selector(node))
            elif isinstance(node, promql.AggregateExpr) and node.modifier is not None:
                problems.extend(self._check_grouping(node))
            elif isinstance(node, promql.BinaryExpr) and node.modifier is not None and node.modifier.matching:
                both = self._labels(node.lhs) | self._labels(node.rhs)
                problems.extend(_unknown(node.modifier.matching.labels, both, "matches on"))
            return True

        promql.walk(tree, visit)
        return problems

    def check_template(self, text: str, labels: Iterable[str]) -> list[str]:
        """Return what an annotation names that does not exist: labels of its alert, metrics in its queries."""
        known = set(labels)
        problems = [
            f"the template names the label {name!r}, which the alert does not carry"
            for name in _TEMPLATE_LABEL.findall(text)
            if name not in known
        ]
        for query in _QUERY.findall(text):
            problems += self.check_expression(query.replace('\\"', '"'))
        return problems

    def labels_of(self, text: str) -> Labels:
        """Return the labels that the result of an expression has."""
        return self._labels(promql.parse(text))

    def _check_selector(self, node: Any) -> list[str]:
        matchers = list(node.matchers.matchers)
        names = _names(node.name, matchers)
        if not names:
            return ["selects series without a name"]
        problems = [f"no such metric: {name}" for name in names if name not in self._series]
        for name in names:
            labels = self._series.get(name)
            if labels is not None:
                problems += [p for m in matchers if m.name != "__name__" for p in _check_matcher(name, labels, m)]
        return problems

    def _check_grouping(self, node: Any) -> list[str]:
        return _unknown(node.modifier.labels, self._labels(node.expr), "groups by")

    def _labels(self, node: Any) -> Labels:
        if isinstance(node, promql.VectorSelector):
            found: Labels = {}
            for name in _names(node.name, node.matchers.matchers):
                found |= self._series.get(name, {})
            return found
        if isinstance(node, promql.MatrixSelector):
            return self._labels(node.vector_selector)
        if isinstance(node, promql.AggregateExpr):
            inner = self._labels(node.expr)
            if node.modifier is None:
                return {}
            if node.modifier.type == promql.AggModifierType.By:
                return {label: inner.get(label) for label in node.modifier.labels}
            return {label: values for label, values in inner.items() if label not in node.modifier.labels}
        if isinstance(node, promql.BinaryExpr):
            return self._labels(node.lhs) | self._labels(node.rhs)
        if isinstance(node, promql.Call):
            found = {}
            for argument in node.args:
                found |= self._labels(argument)
            return {k: v for k, v in found.items() if k != "le"} if node.func.name == "histogram_quantile" else found
        return {} if type(node).__name__ in _NODES_WITHOUT_LABELS else self._labels(node.expr)


def _series_of(family: Family, known: Mapping[str, Iterable[str]]) -> dict[str, Labels]:
    labels: Labels = dict.fromkeys(TARGET_LABELS)
    for name in family.labels:
        label = catalogue.label_of(family, name, KnownValues({key: tuple(known[key]) for key in known}))
        labels[name] = frozenset({*label.values, UNSPECIFIED, OTHER}) if label.values else None
    if family.kind != "histogram":
        return {family.name: labels}
    edges = frozenset({*(edge_text(edge) for edge in family.buckets), "+Inf"})
    below_zero = family.buckets[0] < 0  # OpenMetrics forbids a sum that may fall, and a count without one
    plain = {} if below_zero else {f"{family.name}_count": labels, f"{family.name}_sum": labels}
    return {f"{family.name}_bucket": {**labels, "le": edges}, **plain}


def _names(name: str | None, matchers: Iterable[Any]) -> list[str]:
    if name:
        return [name]
    for matcher in matchers:
        if matcher.name == "__name__":
            return str(matcher.value).split("|") if matcher.op == promql.MatchOp.Re else [str(matcher.value)]
    return []


def _check_matcher(series: str, labels: Labels, matcher: Any) -> list[str]:
    if matcher.name not in labels:
        return [f"{series} has no label {matcher.name!r}"]
    allowed = labels[matcher.name]
    is_regex = matcher.op in (promql.MatchOp.Re, promql.MatchOp.NotRe)
    if allowed is None or (is_regex and not _PLAIN_ALTERNATION.match(matcher.value)):
        return []
    values = matcher.value.split("|") if is_regex else [matcher.value]
    return [f"{series}: {matcher.name} is never {value!r}" for value in values if value and value not in allowed]


def _unknown(labels: Iterable[str], known: Labels, what: str) -> list[str]:
    return [f"{what} {label!r}, which nothing in it has" for label in labels if label not in known]


def check_groups(groups: Iterable[Group], known: Mapping[str, Iterable[str]] | None = None) -> list[str]:
    """Return everything that rule groups name and nobody exposes, each with the rule that names it."""
    all_groups = list(groups)
    vocabulary = Vocabulary(all_groups, known)
    problems = []
    for group in all_groups:
        for rule in group["rules"]:
            name = rule.get("record") or rule["alert"]
            found = vocabulary.check_expression(rule["expr"])
            if "alert" in rule and not found:
                labels = {*vocabulary.labels_of(rule["expr"]), *rule["labels"]}
                found += [p for text in rule["annotations"].values() for p in vocabulary.check_template(text, labels)]
            problems += [f"{name}: {problem}" for problem in found]
    return problems
