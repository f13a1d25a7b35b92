"""What messages may name of an alert."""

from __future__ import annotations

from monitoring.alerts.plan import plan_of
from monitoring.compile.routing.config import templates
from monitoring.compile.routing.message_names import dead_names
from monitoring.compile.vocabulary import Vocabulary
from monitoring.targets.links import Links
from monitoring.targets.targets import Targets


def test_a_message_may_only_name_labels_and_annotations_that_alerts_have() -> None:
    groups = plan_of(Targets()).groups
    text = "{{ .CommonLabels.severty }} {{ .Annotations.sumary }} {{ .Labels.integration }} {{ .Labels.SortedPairs }}"
    severity, summary = dead_names({"x.tmpl": text}, groups, Vocabulary(groups))
    assert severity.startswith("x.tmpl: names .CommonLabels.severty, which no alert has: `severity`")
    assert summary.startswith("x.tmpl: names .Annotations.sumary, which no alert has: `summary`")
    assert not dead_names(templates(Links()), groups, Vocabulary(groups))


def test_an_expression_that_is_no_promql_has_no_labels_to_name() -> None:
    broken = {"alert": "A", "expr": "sum (up > 0", "labels": {"severity": "info"}, "annotations": {"summary": "A"}}
    group = {"name": "g", "rules": [broken]}
    assert dead_names({"x.tmpl": "{{ .Labels.severity }}"}, [group], Vocabulary()) == []
