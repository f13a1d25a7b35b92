from __future__ import annotations

from datetime import timedelta

import promql_parser as promql
import pytest

from monitoring.promql.selectors import (
    literal_values,
    matchers,
    offset_text,
    quoted,
    raw_selectors,
    recorded_names,
    series_text,
    written,
)


def selector(text: str) -> promql.VectorSelector:
    found = promql.parse(text)
    assert isinstance(found, promql.VectorSelector)
    return found


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb", '\\"\n', "", "ü"])
def test_a_quoted_text_is_read_as_the_same_text(text: str) -> None:
    (matcher,) = matchers(selector(f"up{{x={quoted(text)}}}"))
    assert matcher.value == text


@pytest.mark.parametrize("text", ["up", 'up{a="b"}', 'up{a!="b",c=~"d|e",f!~"g"}', '{__name__=~"a|b"}', 'up{a=""}'])
def test_a_selector_is_written_as_it_was_read(text: str) -> None:
    node = selector(text)
    assert series_text(node.name, matchers(node)) == text


@pytest.mark.parametrize(
    ("text", "later", "expected"),
    [
        ('up{a="b"}', 0, 'up{a="b"}'),
        ("up", 300, "up offset 5m"),
        ("up offset 10m", 300, "up offset 15m"),
        ("up offset -5m", 300, "up"),
        ("up offset 1m", -120, "up offset -1m"),
        ("up @ 1700000000", 60, "up @ 1700000000 offset 1m"),
        ("up @ end()", 0, "up @ end()"),
    ],
)
def test_an_offset_grows_and_a_fixed_time_stays(text: str, later: int, expected: str) -> None:
    node = selector(text)
    assert written(node, matchers(node), timedelta(seconds=later)).prettify() == selector(expected).prettify()


def test_no_offset_is_nothing() -> None:
    assert offset_text(None) == offset_text(timedelta()) == ""


@pytest.mark.parametrize(
    ("pattern", "values"),
    [
        ("a|b", ["a", "b"]),
        ("a", ["a"]),
        ("", [""]),
        ("a b/c:d", ["a b/c:d"]),
        ("a.*", None),
        ("a|(b)", None),
        ("a+", None),
        ("a$", None),
    ],
)
def test_a_pattern_is_a_list_when_nothing_in_it_is_special(pattern: str, values: list[str] | None) -> None:
    assert literal_values(pattern) == values


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a:b:c", ["a:b:c"]),
        ('{__name__="a"}', ["a"]),
        ('{__name__=~"a|b:c"}', ["a", "b:c"]),
        ('{__name__=~"a.+"}', None),
        ('{__name__!="a",x="y"}', None),
        ('{x="y"}', None),
        ('{__name__=~"a b"}', None),
    ],
)
def test_a_selector_asks_for_one_name_a_list_of_names_or_who_knows_what(text: str, names: list[str] | None) -> None:
    assert recorded_names(selector(text)) == names


def test_what_an_expression_reads_is_listed_once_without_ranges_and_offsets() -> None:
    expression = 'sum(rate(a{x="1"}[5m])) / sum(rate(a{x="1"}[1h] offset 5m)) + on () b and max_over_time(c[1h:5m]) > 3'
    assert raw_selectors(expression) == ['a{x="1"}', "b", "c"]
