"""Dead-rule-proof messages: what their templates name of an alert has to be a label or an annotation that alerts have.

Alertmanager fills in nothing for a misspelt name, without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from monitoring.compile.vocabulary import Group, Vocabulary
from pipeline.yaml_file import nearest

_NAMED = re.compile(r"\.(Common|Group)?(Labels|Annotations)\.(\w+)")
_METHODS = ("Names", "Remove", "SortedPairs", "Values")  # of Alertmanager's KV, template/template.go
_ADDED = ("alertname", "test", "test_id")  # by Prometheus, by `pipemeter alerts test`


def dead_names(templates: Mapping[str, str], groups: Iterable[Group], vocabulary: Vocabulary) -> list[str]:
    """Return everything that message templates name and no alert has, each with the template that names it."""
    rules = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    labels = {label for rule in rules for label in (*_carried(rule["expr"], vocabulary), *rule["labels"])}
    known = {
        "Labels": {*_ADDED, *labels},
        "Annotations": {name for rule in rules for name in rule["annotations"]},
    }
    return [
        f"{path}: names .{common}{kind}.{name}, which no alert has: {nearest(name, known[kind])}"
        for path, text in templates.items()
        for common, kind, name in dict.fromkeys(_NAMED.findall(text))
        if name not in known[kind] and name not in _METHODS
    ]


def _carried(expression: str, vocabulary: Vocabulary) -> Iterable[str]:
    """Return the labels of what an expression gives; none of one that is no PromQL, which `check_groups` tells of."""
    try:
        return vocabulary.labels_of(expression)
    except ValueError:
        return ()
