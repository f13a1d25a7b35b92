from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from pipeline.domains.catalogue import DOMAINS
from pipeline.domains.contract import problems
from pipeline.domains.event import DomainEvent, Seconds
from pipeline.metrics.domain import Domain, Handler
from pipeline.metrics.family import Family, Label, Summed
from pipeline.metrics.registry import Metrics


class ToySold(DomainEvent, frozen=True, tag="toy_sold"):
    """A toy was sold."""

    colour: str
    seconds: Seconds = 0.0


SOLD = Family("toy_sold_total", "counter", "Toys sold.", ("colour", "shop"), own=(Label("shop", cap=3),))
WAIT = Family("toy_wait_seconds", "histogram", "Time to the till.", (), (1.0, 5.0), "shops promise five seconds")


def bound(metrics: Metrics) -> Mapping[type, Handler]:
    sold, colour = metrics.series(SOLD), metrics.guard(SOLD, "colour")
    return {ToySold: lambda event: sold(colour(event.colour), "corner").inc()}


TOY = Domain("toy", (SOLD, WAIT), (Label("colour", ("red", "blue")),), (ToySold,), bound)


def found(domain: object, others: tuple[Domain, ...] = DOMAINS) -> list[str]:
    return problems(domain, "toys 1.0", others)


def changed(**fields: Any) -> Domain:
    return msgspec.structs.replace(TOY, **fields)


def counter(**fields: Any) -> Domain:
    return changed(families=(msgspec.structs.replace(SOLD, **fields), WAIT), handlers=None, events=())


def histogram(**fields: Any) -> Domain:
    return changed(families=(SOLD, msgspec.structs.replace(WAIT, **fields)))


def event(name: str = "Bought", bases: tuple[type, ...] = (DomainEvent,), fields: Any = (), **config: Any) -> Domain:
    config = {"frozen": True, "tag": "bought", **config}
    made = msgspec.defstruct(name, fields, bases=bases, **config)
    return changed(events=(made,), handlers=lambda _: {made: print})


def test_every_domain_of_ours_keeps_to_the_contract() -> None:
    for domain in DOMAINS:
        assert problems(domain, "pipemeter", tuple(other for other in DOMAINS if other is not domain)) == []


def test_a_domain_beside_ours_that_keeps_to_it_has_no_problems() -> None:
    assert found(TOY) == []


def test_a_label_may_be_declared_again_in_the_same_words() -> None:
    theirs = next(label for domain in DOMAINS for label in domain.labels if label.name == "pipeline_stage")
    assert found(changed(labels=(*TOY.labels, theirs))) == []


def test_a_domain_may_name_prefixes_of_its_own() -> None:
    assert found(changed(name="shop", prefixes=("toy_", "game_"))) == []


@pytest.mark.parametrize(
    ("domain", "sentence"),
    [
        # another type than declared: Python itself does not look
        ("TOY", "its entry point leads to 'TOY', expected a pipeline.metrics.domain.Domain"),
        (changed(families=[SOLD]), "`families` has to be a tuple of Family, not [Family("),
        (changed(families=("toy_sold_total",)), "`families` has to be a tuple of Family, not ('toy_sold_total',)"),
        (changed(labels={"colour": ("red",)}), "`labels` has to be a tuple of Label, not {'colour': ('red',)}"),
        (changed(events=("toy_sold",)), "`events` has to be a tuple of type, not ('toy_sold',)"),
        (changed(handlers={ToySold: print}), "`handlers` has to be a function or None, not {"),
        (changed(traffic="much"), "`traffic` has to be a function or None, not 'much'"),
        (changed(name="Toy shop"), "its name has to be small letters, digits and underscores, not 'Toy shop'"),
        (changed(judged="toys.judged"), "`judged` has to be like package.module:ATTRIBUTE, not 'toys.judged'"),
        (counter(labels="colour"), "Family 'toy_sold_total': Expected `array`, got `str` - at `$.labels`"),
        (counter(kind="summary"), "Family 'toy_sold_total': Invalid enum value 'summary' - at `$.kind`"),
        (changed(labels=(Label("colour", cap="many"),)), "Label 'colour': Expected `int`, got `str` - at `$.cap`"),  # type: ignore[arg-type]
        # names
        (changed(name="pipeline", prefixes=("toy_",)), "pipemeter has a domain of that name already"),
        (changed(name="process", families=()), "prefix 'process_': such metrics are exposed by others"),
        (
            changed(prefixes=("",)),
            "prefix '': it has to be small letters, digits and underscores, and to end in an unders",
        ),
        (
            changed(prefixes=("toy",)),
            "prefix 'toy': it has to be small letters, digits and underscores, and to end in an",
        ),
        (
            changed(prefixes=("toy_", "pipeline_")),
            "prefix 'pipeline_': the metrics of domain pipeline begin with pipelin",
        ),
        (
            changed(prefixes=("toy_", "pipeline_by_")),
            "prefix 'pipeline_by_': the metrics of domain pipeline begin with p",
        ),
        (changed(name="shop"), "metric toy_sold_total: its name has to begin with shop_ (see Domain.prefixes)"),
        (
            changed(families=(msgspec.structs.replace(SOLD, name="pipeline_items_total"),), prefixes=("pipeline_",)),
            "metric pipeline_items_total: domain pipeline exposes a metric of that name",
        ),
        (
            counter(name="toy_wait_seconds_count", kind="gauge"),
            "metric toy_wait_seconds: domain toy exposes a metric of that name",
        ),
        (
            changed(labels=(*TOY.labels, Label("decision", cap=5))),
            "label decision: domain pipeline declares it otherwise; what means something else is `own`",
        ),
        (
            changed(labels=(*TOY.labels, Label("label", cap=5))),
            "label label: domain exporter declares it otherwise; what means something else is `own`",
        ),
        (
            changed(labels=(*TOY.labels, *TOY.labels)),
            "label colour: domain toy declares it otherwise; what means something else is `own`",
        ),
        (event(tag="item_failed"), "event Bought: domain pipeline has an event called item_failed"),
        (event("ItemFailed"), "event ItemFailed: domain pipeline has an event called ItemFailed"),
        # metrics
        (counter(name="toy_Sold_total"), "metric toy_Sold_total: a metric's name has to be small letters, digits and"),
        (counter(help=" "), "metric toy_sold_total: it has no help text"),
        (
            counter(help="Toys sold.\n| or not |"),
            "metric toy_sold_total: `help` has to be one line: it is a cell of the",
        ),
        (
            histogram(why="five\r\nseconds"),
            "metric toy_wait_seconds: `why` has to be one line: it is a cell of the refer",
        ),
        (counter(name="toy_sold"), "metric toy_sold: the name of a counter, and of nothing else, ends in _total"),
        (counter(kind="gauge"), "metric toy_sold_total: the name of a counter, and of nothing else, ends in _total"),
        (counter(buckets=(1.0,)), "metric toy_sold_total: a counter has no buckets"),
        (histogram(buckets=()), "metric toy_wait_seconds: a histogram needs edges for its buckets"),
        (
            histogram(buckets=(5.0, 1.0)),
            "metric toy_wait_seconds: the edges of its buckets have to rise and be finite, not (5.0, 1.0)",
        ),
        (
            histogram(buckets=(1.0, float("inf"))),
            "metric toy_wait_seconds: the edges of its buckets have to rise and be finite, not (1.0, inf)",
        ),
        (histogram(why=""), "metric toy_wait_seconds: it gives no argument for its buckets (`why`)"),
        # labels
        (counter(labels=("colour", "colour", "shop")), "metric toy_sold_total: a label stands twice among colour, col"),
        (counter(labels=("colour", "a b", "shop")), "metric toy_sold_total: label 'a b' has to be small letters, digi"),
        (counter(labels=("instance", "shop")), "metric toy_sold_total: label instance is set by Prometheus itself"),
        (counter(labels=("exported_job", "shop")), "metric toy_sold_total: label exported_job is set by Prometheus it"),
        (
            counter(labels=("size", "shop")),
            "metric toy_sold_total: label size is declared neither among `own` nor among the labels of a domain",
        ),
        (counter(labels=("colour",)), "metric toy_sold_total: label shop is spoken of, but is none of its labels"),
        (
            counter(recorded=Summed(over=("size",))),
            "metric toy_sold_total: label size is spoken of, but is none of its labels",
        ),
        (
            counter(pairs={"colour": "shop"}, labels=("shop", "colour")),
            "metric toy_sold_total: label colour is paired with shop, so it has to be declared among `own`",
        ),
        (
            counter(pairs={"shop": "colour"}, labels=("shop", "colour")),
            "metric toy_sold_total: label shop is paired with colour, so it has to stand after it",
        ),
        (changed(labels=(Label("colour"),)), "label colour: it has neither values nor a cap, so that nothing bounds"),
        (counter(own=(Label("shop"),)), "metric toy_sold_total: label shop: it has neither values nor a cap, so that"),
        (changed(labels=(Label("colour", cap=10_001),)), "label colour: it may have up to 10,000 values"),
        (changed(labels=(Label("colour", ("red", "red")),)), "label colour: a value stands twice among its values"),
        (changed(labels=(Label("colour", ("other",)),)), "label colour: the value other is pipemeter's own"),
        (changed(labels=(Label("colour", ("a\nb",)),)), r"label colour: the value 'a\nb' has to be short, printable"),
        # events and handlers
        (event(bases=(msgspec.Struct,)), "event Bought: it has to be a subclass of pipeline.events.DomainEvent"),
        (event(tag=7), "event Bought: its tag has to be small letters, digits and underscores, not 7"),
        (event(tag=None), "event Bought: its tag has to be small letters, digits and underscores, not 'Bought'"),
        (event(forbid_unknown_fields=False), "event Bought: it has to be frozen, to forbid unknown fields and to keep"),
        (event(tag_field="kind"), "event Bought: it has to be frozen, to forbid unknown fields and to keep `type` as"),
        (event(fields=[("at", complex)]), "event Bought: its fields cannot be read from JSON: "),
        (changed(handlers=None), "event ToySold: nothing handles it"),
        (changed(events=()), "event ToySold: it is handled, but is none of its events"),
        (
            changed(handlers=lambda metrics: {ToySold: metrics.series("toy_bought_total")}),
            "its handlers cannot be bound to the metrics: LookupError: metric 'toy_bought_total' is not declared",
        ),
        (
            changed(handlers=lambda _: [ToySold]),
            "its handlers cannot be bound to the metrics: TypeError: expected a mapp",
        ),
        (
            changed(handlers=lambda _: None),
            "its handlers cannot be bound to the metrics: TypeError: expected a mapping of",
        ),
        (
            changed(handlers=lambda _: {ToySold: None}),
            "its handlers cannot be bound to the metrics: TypeError: event ToyS",
        ),
        (
            changed(handlers=lambda _: {ToySold: print, "toy": print}),
            "event 'toy': it is handled, but is none of its even",
        ),
        (changed(handlers=lambda _: sys.exit(5)), "its handlers cannot be bound to the metrics: SystemExit: 5"),
        (changed(handlers=dict), "its handlers cannot be bound to the metrics: TypeError: "),
    ],
)
def test_what_breaks_the_contract_is_refused_in_a_sentence_that_names_it(domain: object, sentence: str) -> None:
    refused = found(domain)
    name = f"domain {domain.name}: " if isinstance(domain, Domain) else ""
    assert f"toys 1.0: {name}{sentence}" in [one[: len(f"toys 1.0: {name}{sentence}")] for one in refused]
    assert all("\n" not in one for one in refused)


def test_no_prefix_opens_the_names_that_prometheus_gives() -> None:
    up = changed(families=(Family("up", "gauge", "Whether the shop is open."),), events=(), handlers=None)
    assert found(up) == [
        "toys 1.0: domain toy: metric up: its name has to begin with toy_ (see Domain.prefixes)",
    ]
    assert len(found(msgspec.structs.replace(up, prefixes=("",)))) == 1


def test_a_prefix_that_begins_that_of_another_package_is_refused() -> None:
    games = msgspec.structs.replace(TOY, name="toy_games", families=(), labels=(), events=(), handlers=None)
    assert found(games, (*DOMAINS, TOY)) == [
        "toys 1.0: domain toy_games: prefix 'toy_games_': the metrics of domain toy begin with toy_"
    ]
    assert "prefix 'toy_': the metrics of domain toy_games begin with toy_games_" in found(TOY, (*DOMAINS, games))[0]


def test_a_name_that_is_taken_is_said_once_with_the_package_that_has_it() -> None:
    assert problems(TOY, "zoo 2.0", (*DOMAINS, TOY), {"toy": "toys 1.0"}) == [
        "zoo 2.0: domain toy: toys 1.0 has a domain of that name already"
    ]


def test_label_sets_that_stand_at_zero_are_bounded_unless_none_do() -> None:
    many = Label("colour", tuple(map(str, range(2_501))))
    pairs = Family("toy_pairs_total", "counter", "Toys in pairs.", ("colour", "side"), own=(Label("side", ("a", "b")),))
    domain = changed(labels=(many,), families=(pairs,), events=(), handlers=None)
    (refused,) = found(domain)
    assert "metric toy_pairs_total: 5,002 label sets would stand at 0 from the start, more than 5,000" in refused
    silent = msgspec.structs.replace(pairs, zeros=False)
    assert found(msgspec.structs.replace(domain, families=(silent,))) == []


def test_all_that_is_wrong_is_said_at_once() -> None:
    refused = found(changed(families=(msgspec.structs.replace(SOLD, help=""), msgspec.structs.replace(WAIT, why=""))))
    assert [sentence.split(": ")[2] for sentence in refused] == ["metric toy_sold_total", "metric toy_wait_seconds"]
