from __future__ import annotations

import promql_parser as promql
import pytest

from monitoring.promql.narrowing import narrowed
from monitoring.promql.rule_files import RuleError
from monitoring.promql.selectors import matchers


def narrow(expression: str, asked: str) -> str:
    """Apply the matchers of a selector such as `x{a="b"}`."""
    node = promql.parse(asked)
    assert isinstance(node, promql.VectorSelector)
    return " ".join(narrowed(expression, matchers(node)).split())


@pytest.mark.parametrize(
    ("expression", "pushed"),
    [
        ("sum by (a) (rate(m[5m]))", 'sum by (a) (rate(m{a="b"}[5m]))'),
        ("sum without (c) (m)", 'sum without (c) (m{a="b"})'),
        ("sum by (a) (m) / sum by (a) (n)", 'sum by (a) (m{a="b"}) / sum by (a) (n{a="b"})'),
        ("sum by (a) (m) / on (a) n", 'sum by (a) (m{a="b"}) / on (a) n{a="b"}'),
        ("100 * (m - 1)", '100 * (m{a="b"} - 1)'),
        ("-m", '-m{a="b"}'),
        ('m{c="d"} offset 5m', 'm{c="d",a="b"} offset 5m'),
        ("max_over_time(m[1h:5m])", 'max_over_time(m{a="b"}[1h:5m])'),
        ("histogram_quantile(0.9, sum by (a, le) (m))", 'histogram_quantile(0.9, sum by (a, le) (m{a="b"}))'),
    ],
)
def test_a_label_that_every_step_hands_through_is_matched_where_series_are_read(expression: str, pushed: str) -> None:
    found = narrow(expression, 'x{a="b"}')
    assert "label_replace" not in found
    assert promql.parse(found).prettify() == promql.parse(pushed).prettify()


@pytest.mark.parametrize(
    "expression",
    [
        "sum(m)",
        "sum by (c) (m)",
        "sum without (a) (m)",
        "m * on (c) n",
        "m * ignoring (a) n",
        "absent(m)",
        "absent_over_time(m[5m])",
        'label_replace(m, "a", "$1", "c", "(.*)")',
        "vector(1)",
        "topk(3, m)",
    ],
)
def test_a_label_that_is_lost_or_made_on_the_way_is_filtered_at_the_end(expression: str) -> None:
    found = narrow(expression, 'x{a="b"}')
    assert found.startswith(f"({expression})".replace("  ", " "))
    assert 'and on (a) (label_replace(vector(1), "a", "b", "", ""))' in found
    promql.parse(found)


@pytest.mark.parametrize(
    ("matcher", "joined", "values"),
    [
        ('a="b"', "and", ["b"]),
        ('a!="b"', "unless", ["b"]),
        ('a=~"b|c"', "and", ["b", "c"]),
        ('a!~"b|c"', "unless", ["b", "c"]),
    ],
)
def test_a_filter_takes_what_is_listed_or_leaves_it_out(matcher: str, joined: str, values: list[str]) -> None:
    found = narrow("sum(m)", f"x{{{matcher}}}")
    assert f" {joined} on (a) " in found
    assert found.count("label_replace") == len(values)


def test_a_dollar_in_a_value_is_no_reference() -> None:
    assert '"$$1"' in narrow("sum(m)", 'x{a="$1"}')


def test_a_bucket_of_a_quantile_is_none_of_its_result() -> None:
    assert "and on (le)" in narrow("histogram_quantile(0.9, m)", 'x{le="1"}')


def test_several_matchers_go_each_their_way() -> None:
    found = narrow("sum by (a) (m)", 'x{a="b",c="d"}')
    assert 'm{a="b"}' in found
    assert "and on (c)" in found
    assert "on (a)" not in found


def test_a_pattern_that_is_no_list_cannot_be_filtered_and_that_is_said() -> None:
    assert narrow("m", 'x{a=~"b.*"}') == 'm{a=~"b.*"}'
    with pytest.raises(
        RuleError, match=r'a=~"b\.\*" on a recorded series cannot be replayed: expected a list of plain'
    ):
        narrow("sum(m)", 'x{a=~"b.*"}')
