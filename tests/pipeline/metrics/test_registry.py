from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.domains.catalogue import FAMILIES, live_metrics
from pipeline.metrics.domain import Domain, Handler
from pipeline.metrics.family import Family, Label
from pipeline.metrics.known import KnownValues
from pipeline.metrics.labels import LABEL_OVERFLOW
from pipeline.metrics.registry import Metrics


class Baked(msgspec.Struct, frozen=True):
    """A loaf left an oven."""

    sort: str | None
    oven: str = "left"
    minutes: float = 30.0


LOAVES = Family("bread_loaves_total", "counter", "Loaves baked.", ("sort", "oven"))
MINUTES = Family("bread_minutes", "histogram", "Time in the oven.", ("oven",), (20.0, 40.0), "recipes say 20 to 40")
BURNT = Family(
    "bread_burnt_total", "counter", "Loaves burnt.", ("oven", "why"), own=(Label("why", cap=4),), pairs={"why": "oven"}
)
HEAT = Family("bread_heat_ratio", "gauge", "How hot the ovens are.")
RECIPE = Family("bread_recipe_info", "gauge", "The recipe at work.", ("recipe",), zeros=False)
LABELS = (
    Label("sort", ("rye", "wheat"), cap=3, unspecified="beside"),
    Label("oven", ("left", "right")),
    Label("recipe", cap=2, unspecified="alone"),
)
KNOWN = KnownValues(
    {"recipe": ("old",)}, {("bread_burnt_total", "why"): {"left": ("forgotten",), "right": ("broken",)}}
)


def bound(metrics: Metrics) -> Mapping[type, Handler]:
    loaves, minutes = metrics.series(LOAVES), metrics.series(MINUTES)
    sort, oven = metrics.guard(LOAVES, "sort"), metrics.guard(LOAVES, "oven")

    def baked(event: Baked) -> None:
        loaves(sort(event.sort), oven(event.oven)).inc()
        minutes(oven(event.oven)).observe(event.minutes)

    return {Baked: baked}


BREAD = Domain("bread", (LOAVES, MINUTES, BURNT, HEAT, RECIPE), LABELS, (Baked,), bound)
TELLING = Domain("shop", (LABEL_OVERFLOW,))


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry(), (BREAD, TELLING), known=KNOWN)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def sets(metrics: Metrics, name: str) -> list[tuple[str, ...]]:
    """Return the label sets of a counter or a gauge, in the order of the exposition."""
    (family,) = [one for one in metrics.registry.collect() if one.name == name.removesuffix("_total")]
    return [tuple(sample.labels.values()) for sample in family.samples]


def test_every_family_is_exposed_with_help_and_type() -> None:
    registry = live_metrics(CollectorRegistry()).registry
    families = {family.name: family for family in text_string_to_metric_families(generate_latest(registry).decode())}
    for family in FAMILIES:
        found = families[family.name.removesuffix("_total")]
        assert (found.type, bool(found.documentation)) == (family.kind, True)


def test_label_sets_whose_values_are_all_known_stand_at_zero(metrics: Metrics) -> None:
    assert sets(metrics, "bread_loaves_total") == [
        (sort, oven) for sort in ("rye", "wheat", "unspecified") for oven in ("left", "right")
    ]
    assert value(metrics, "bread_minutes_count", oven="right") == 0
    assert value(metrics, "bread_heat_ratio") == 0


def test_a_paired_label_stands_at_zero_only_beside_what_it_belongs_to(metrics: Metrics) -> None:
    assert sets(metrics, "bread_burnt_total") == [("left", "forgotten"), ("right", "broken")]


def test_a_family_that_wants_no_zeros_has_none(metrics: Metrics) -> None:
    assert sets(metrics, "bread_recipe_info") == []


@pytest.mark.parametrize(("known", "there"), [(KNOWN, "old"), (KnownValues(), "unspecified")])
def test_a_label_that_stands_alone_unspecified_does_so_until_a_value_is_known(known: KnownValues, there: str) -> None:
    recipe = msgspec.structs.replace(RECIPE, zeros=True)
    metrics = Metrics(CollectorRegistry(), (Domain("bread", (recipe,), LABELS),), known=known)
    assert sets(metrics, "bread_recipe_info") == [(there,)]


def test_events_reach_the_families_of_their_domain_one_by_one_and_together(metrics: Metrics) -> None:
    metrics.apply(Baked("rye", minutes=35.0))
    metrics.apply_many([Baked("rye"), Baked(None, "right")])
    assert value(metrics, "bread_loaves_total", sort="rye", oven="left") == 2
    assert value(metrics, "bread_loaves_total", sort="unspecified", oven="right") == 1
    assert value(metrics, "bread_minutes_sum", oven="left") == 65


def test_an_event_of_no_domain_is_an_error(metrics: Metrics) -> None:
    with pytest.raises(KeyError):
        metrics.apply("baked")
    assert [metrics.takes(event) for event in ("baked", Baked("rye"))] == [False, True]


def test_values_beyond_the_cap_become_other_and_are_counted_by_label(metrics: Metrics) -> None:
    metrics.apply_many(Baked(f"sort {n}", "third") for n in range(5))
    assert value(metrics, "bread_loaves_total", sort="sort 0", oven="other") == 1
    assert value(metrics, "bread_loaves_total", sort="other", oven="other") == 4
    assert value(metrics, "exporter_label_overflow_total", label="sort") == 4
    assert value(metrics, "exporter_label_overflow_total", label="oven") == 10  # asked for twice an event


def test_without_a_family_for_it_overflow_is_counted_nowhere() -> None:
    metrics = Metrics(CollectorRegistry(), (BREAD,))
    metrics.apply(Baked("rye", "third"))
    assert value(metrics, "bread_loaves_total", sort="rye", oven="other") == 1


def test_an_operator_sets_another_cap() -> None:
    metrics = Metrics(CollectorRegistry(), (BREAD,), caps={"sort": 5})
    metrics.apply_many(Baked(f"sort {n}") for n in range(5))
    named = {sort for sort, _ in sets(metrics, "bread_loaves_total")}
    assert named == {"rye", "wheat", "unspecified", "sort 0", "sort 1", "sort 2", "other"}


def test_families_share_the_guard_of_a_shared_label_and_keep_one_of_their_own_apart(metrics: Metrics) -> None:
    assert metrics.guard(LOAVES, "oven") is metrics.guard(MINUTES, "oven")
    assert metrics.guard(BURNT, "why") is metrics.guard("bread_burnt_total", "why")
    again = msgspec.structs.replace(BURNT, name="bread_eaten_total")
    both = Metrics(CollectorRegistry(), (Domain("bread", (BURNT, again), LABELS),))
    assert both.guard(BURNT, "why") is not both.guard(again, "why")


def test_a_family_that_is_watched_counts_only_what_went_through_its_guards(metrics: Metrics) -> None:
    metrics.watch(LOAVES)
    loaves, sort = metrics.series(LOAVES), metrics.guard(LOAVES, "sort")
    with pytest.raises(ValueError, match=r"label sort: 'oats' did not go through its guard \(metrics.guard\)"):
        loaves("oats", "left")
    for wrong in ("", None, 5):
        with pytest.raises(ValueError, match=f"label sort: {wrong!r} did not go"):
            loaves(wrong, "left")  # type: ignore[arg-type]
    assert sort("oats") == "oats"
    loaves("oats", "left").inc()
    loaves(sort("spelt"), "other").inc()  # beyond the cap
    assert value(metrics, "bread_loaves_total", sort="oats", oven="left") == 1
    assert value(metrics, "bread_loaves_total", sort="other", oven="other") == 1
    with pytest.raises(ValueError, match="Incorrect label count"):
        loaves("rye")


def test_a_child_that_is_forgotten_leaves_the_exposition_and_may_come_back(metrics: Metrics) -> None:
    recipe = metrics.series(RECIPE)
    recipe("old").set(1)
    recipe.forget("old")
    recipe.forget("never there")
    assert sets(metrics, "bread_recipe_info") == []
    recipe("old").set(1)
    assert value(metrics, "bread_recipe_info", recipe="old") == 1


@pytest.mark.parametrize("name", ["bread_lofes_total", "pipeline_items_total"])
def test_a_family_of_no_domain_here_is_refused_by_name(metrics: Metrics, name: str) -> None:
    for ask in (metrics.series, metrics.family, lambda family: metrics.guard(family, "oven")):
        with pytest.raises(LookupError, match=name):
            ask(name)
