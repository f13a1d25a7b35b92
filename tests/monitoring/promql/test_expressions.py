"""Signals, their PromQL, durations, and numbers as people read them."""

from __future__ import annotations

import promql_parser as promql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.alerts.plan import plan_of
from monitoring.compile.vocabulary import Vocabulary
from monitoring.domains.catalogue import domains, signal, signals
from monitoring.domains.series import family_of
from monitoring.promql.expressions import OverRange, expression, recorded_of, recorded_terms, volume
from monitoring.targets.targets import Targets
from monitoring.wording.durations import format_duration, parse_duration
from monitoring.wording.values import humanize_duration, percent, say
from pipeline.domains import catalogue


def test_a_signal_is_named_once() -> None:
    assert len(signals()) == sum(len(domain.signals) for domain in domains())
    assert all(name == one.name for name, one in signals().items())
    with pytest.raises(LookupError, match="no domain declares a signal 'bypas_rate'"):
        signal("bypas_rate")


@pytest.mark.parametrize("name", signals())
def test_every_form_of_a_signal_names_only_what_exists(name: str) -> None:
    one = signals()[name]
    vocabulary = Vocabulary(plan_of(Targets()).groups)
    forms: list[int | str | OverRange] = ["5m", "7d"]
    if one.recorded:
        windows = set.intersection(*(set(recorded_of(term.series).windows) for term in recorded_terms(one)))
        forms += [*windows, *(OverRange("30d", window) for window in windows)]
    for form in forms:
        for by in ((), *((label,) for label in one.splits)):
            for text in (expression(one, form, by=by), volume(one, form, by=by) if one.counted else "1"):
                assert vocabulary.check_expression(text) == []


def test_a_signal_is_split_only_by_what_all_its_families_have() -> None:
    for one in signals().values():
        for term in (*one.numerator, *one.denominator):
            if term.series != "up":
                labels = {"job", "instance", *catalogue.family(family_of(term.series)[0]).labels}
                assert set(one.splits) <= labels, (one.name, term.series)
    with pytest.raises(ValueError, match="availability cannot be split by 'content_type', only by job"):
        expression(signals()["availability"], 3600, by=("content_type",))


def test_numerator_and_denominator_are_summed_apart_and_then_divided() -> None:
    text = expression(signals()["bypass_rate"], "1h", by=("content_type",), where=('content_type=~"$content_type"',))
    tree = promql.parse(text.replace("$content_type", ".*"))
    assert isinstance(tree, promql.BinaryExpr)
    assert str(tree.op) == "/"
    assert text.count('content_type=~"$content_type"') == 3
    assert text.endswith("> 0)")


@given(st.integers(0, 10**8))
def test_a_duration_reads_back_as_it_was(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"), [("5m", 300), ("1h30m", 5400), ("7d", 604_800), ("1w", 604_800), ("0", 0)]
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "m", "5 m", "-5m", "1.5h", "5m1h", "٣m", "1h" * 30])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 5m, 1h, 1h30m or 7d"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.25, "250ms"), (5.5, "5.5s"), (61.4, "1m 1s"), (3661, "1h 1m 1s"), (-90_061, "-1d 1h 1m 1s")],
)
def test_durations_are_written_as_prometheus_writes_them(seconds: float, text: str) -> None:
    assert humanize_duration(seconds) == text


def test_values_carry_their_unit() -> None:
    assert (percent(0.144), say(0.6, "ratio"), say(0.7, "score")) == ("14.4%", "60%", "0.70")
    assert (say(90.0, "seconds"), say(0.5, "seconds"), say(3.0, "usd")) == ("1m30s", "0.5s", "3 USD")
