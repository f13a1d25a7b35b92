"""No rule and no template may name what nobody exposes."""

from __future__ import annotations

import pytest

from monitoring.alerts.plan import plan_of
from monitoring.compile.vocabulary import Vocabulary, check_groups, foreign_series
from monitoring.targets.targets import Targets


def test_the_default_rules_name_only_what_exists() -> None:
    assert check_groups(plan_of(Targets()).groups) == []


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("rate(pipeline_itmes_total[5m])", "no such metric: pipeline_itmes_total"),
        ("pipeline_items_total{stage='x'}", "pipeline_items_total has no label 'stage'"),
        ("pipeline_items_total{processing_type='ful'}", "processing_type is never 'ful'"),
        ("pipeline_items_total{processing_type=~'full|lite'}", "processing_type is never 'lite'"),
        ("pipeline_items_total{content_type!='sport'}", "content_type is never 'sport'"),
        ("sum by (checkpoint) (pipeline_items_total)", "groups by 'checkpoint', which nothing in it has"),
        ("pipeline_items_total * on (slo) pipeline_items_total", "matches on 'slo', which nothing in it has"),
        ("pipeline_quality_margin_ratio_sum", "no such metric: pipeline_quality_margin_ratio_sum"),
        ("pipeline_quality_score_bucket{le='0.71'}", "le is never '0.71'"),
        ("pipeline:bypass_rate:ratio7m", "no such metric: pipeline:bypass_rate:ratio7m"),
        ("job:pipeline_items:increase1h{dimension='overall'}", "has no label 'dimension'"),
        ("pipeline:bypass_rate:ratio1h{content_type='news'}", "has no label 'content_type'"),
        ("{__name__=~'pipeline_items_total|pipeline_item'}", "no such metric: pipeline_item"),
        ("{job='pipeline'}", "selects series without a name"),
        ("sum(", "does not parse"),
    ],
)  # fmt: skip
def test_an_expression_that_names_what_nobody_exposes_is_refused(expression: str, problem: str) -> None:
    vocabulary = Vocabulary(plan_of(Targets()).groups)
    assert any(problem in found for found in vocabulary.check_expression(expression))


def test_a_template_may_only_name_labels_of_its_alert_and_metrics_that_exist() -> None:
    vocabulary = Vocabulary()
    assert vocabulary.check_template('{{ $labels.instance }} {{ query "up" }}', ["instance"]) == []
    assert "content_type" in vocabulary.check_template("{{ $labels.content_type }}", ["instance"])[0]
    assert "no such metric: upp" in vocabulary.check_template('{{ with query "upp == 1" }}{{ end }}', [])[0]


def test_series_of_alerts_have_the_labels_that_alerts_of_our_domains_carry() -> None:
    found = foreign_series()
    assert set(found["ALERTS"]) - set(found["ALERTS_FOR_STATE"]) == {"alertstate"}
    assert {"alertname", "domain", "severity", "slo", "burnrate_tier", "content_type", "integration"} <= set(
        found["ALERTS"]
    )
    assert "wiki_id" not in found["ALERTS"]
    vocabulary = Vocabulary()
    assert vocabulary.check_expression('count(ALERTS{alertstate="firing",slo!=""})') == []
    assert vocabulary.check_expression("ALERTS{wiki_id='7'}") == ["ALERTS has no label 'wiki_id'"]
