"""Input series hold a signal exactly where it is wanted."""

from __future__ import annotations

from decimal import Decimal

import pytest

from monitoring.compile.worlds import Phase, Timeline, atom_of, example_of, increments, labels_of
from monitoring.domains.catalogue import signal
from monitoring.domains.signal import Term, term
from pipeline.domains import catalogue
from pipeline.domains.content.families import ITEMS
from pipeline.metrics.family import Label

VALUE, COUNT = Decimal("0.3"), Decimal(70)


def test_an_example_is_the_one_declared_else_the_first_value() -> None:
    assert example_of(Label("a", ("x", "y"), example="y")) == "y"
    assert example_of(Label("a", ("x", "y"))) == "x"
    assert example_of(Label("a", cap=3)) == "example"


def test_every_label_of_ours_has_an_example_that_it_may_have() -> None:
    for family in catalogue.families():
        for name in family.labels:
            label = catalogue.label_of(family, name)
            assert label.cap or example_of(label) in label.values, (family.name, name)


def test_a_series_has_its_familys_labels_narrowed_and_those_that_scraping_adds() -> None:
    counted = term(ITEMS, processing_type=("lightweight", "early_exit"))
    assert labels_of(counted, content_type="education", wiki_id="7") == {
        "processing_type": "lightweight",
        "content_type": "education",
        "config_version": "balanced",
        "job": "pipeline",
        "instance": "exporter:8000",
    }
    assert atom_of(Term("up", (("job", ("pipeline",)),))) == 'up{job="pipeline",instance="exporter:8000"}'


@pytest.mark.parametrize("name", ["bypass_rate", "early_exit_share", "error_rate", "wrong_skip_rate"])
def test_a_ratio_is_held_by_what_counts_and_what_does_not(name: str) -> None:
    found = increments(signal(name), VALUE, COUNT)
    counted = atom_of(signal(name).numerator[0])
    assert found[counted] == 21
    assert len(found) == 2
    assert sum(found.values()) == COUNT


def test_a_ratio_of_time_has_its_volume_beside_it() -> None:
    found = increments(signal("time_savings"), VALUE, COUNT)
    items = atom_of(term(ITEMS))
    assert found.pop(items) == COUNT
    assert sorted(found.values()) == [Decimal("0.3") * 70 * 60, Decimal("0.7") * 70 * 60]


def test_a_mean_a_share_and_scrapes_are_held_too() -> None:
    mean = list(increments(signal("quality_score_avg"), VALUE, COUNT).values())
    share = list(increments(signal("quality_above_070_share"), VALUE, COUNT).values())
    assert [*mean, *share] == [21, 70, 49, 70]
    assert list(increments(signal("availability"), VALUE, COUNT).values()) == [VALUE]


def test_a_quantile_lies_within_the_bucket_that_holds_it() -> None:
    found = increments(signal("item_duration_p95_seconds"), Decimal(45), COUNT)
    below, upto = (next(n for atom, n in found.items() if f'le="{edge}"' in atom) for edge in ("30.0", "60.0"))
    rank = Decimal("0.95") * COUNT
    assert float(30 + (60 - 30) * (rank - below) / (upto - below)) == pytest.approx(45, abs=1e-4)


def test_phases_follow_each_other_in_the_notation_of_promtool() -> None:
    phases = [Phase(3, {"a": Decimal(2), "up{}": Decimal(1)}), Phase(2, {"a": Decimal("0.5")})]
    timeline = Timeline(phases, 60)
    assert timeline.length == 6
    assert timeline.input_series() == [
        {"series": "a", "values": "0+2x3 6.5+0.5x1"},
        {"series": "up{}", "values": "1+0x3 0+0x1"},
    ]
