"""Signals and what they are made of."""

from __future__ import annotations

from monitoring.domains.catalogue import signal, signals
from monitoring.domains.signal import Term, buckets_of, count_of, sum_of, term, total
from pipeline.domains.content.families import ITEMS, QUALITY_SCORE


def test_a_term_is_a_series_of_a_family_narrowed_to_values_of_its_labels() -> None:
    assert term(ITEMS) == Term("pipeline_items_total")
    assert term(ITEMS, processing_type=("full", "early_exit")) == Term(
        "pipeline_items_total", (("processing_type", ("full", "early_exit")),)
    )
    made = [made(QUALITY_SCORE).series for made in (sum_of, count_of, buckets_of)]
    assert made == ["pipeline_quality_score_sum", "pipeline_quality_score_count", "pipeline_quality_score_bucket"]


def test_a_total_is_what_one_series_grew_by() -> None:
    found = total("novelties", "Novelties", "What is new.", "items", term(ITEMS), good="high", splits=("job",))
    assert (found.kind, found.numerator, found.denominator) == ("total", (term(ITEMS),), ())
    assert (found.good, found.splits) == ("high", ("job",))


def test_volume_counts_what_a_share_of_time_rests_on_and_else_the_denominator_does() -> None:
    assert [one.series for one in signal("time_savings").counted] == ["pipeline_items_total"]
    assert signal("bypass_rate").counted == signal("bypass_rate").denominator
    assert signal("items").counted == ()


def test_only_availability_counts_scrapes() -> None:
    assert [one.name for one in signals().values() if one.is_scraped] == ["availability"]


def test_titles_of_many_things_have_a_verb_of_many() -> None:
    assert (signal("time_savings").verb, signal("quality_score_avg").verb) == ("are", "is")


def test_the_ends_of_an_interval_rest_on_what_their_ratio_rests_on() -> None:
    ratio = signal("wrong_skip_rate")
    for name in ("wrong_skip_rate_low", "wrong_skip_rate_high"):
        end = signal(name)
        assert (end.of, end.numerator, end.denominator) == (ratio.name, ratio.numerator, ratio.denominator)
        assert end.splits == ratio.splits
