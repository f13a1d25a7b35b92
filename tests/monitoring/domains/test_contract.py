"""What a domain promises, promise by promise: each is broken once, and said in one sentence."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import pytest

from monitoring.domains.ask import Ask
from monitoring.domains.band import Bands
from monitoring.domains.catalogue import DOMAINS, registry_of
from monitoring.domains.contract import broken_promises
from monitoring.domains.domain import Domain
from monitoring.domains.signal import Burn, Signal, Term
from pipeline.errors import PipemeterError

CONTENT, EXPORTER = DOMAINS


class Unspeakable:
    def __repr__(self) -> str:
        raise ValueError("no")


Thing = TypeVar("Thing", bound=msgspec.Struct)


def changed(thing: Thing, **fields: Any) -> Thing:
    return msgspec.structs.replace(thing, **fields)


def with_first(field: str, **fields: Any) -> Domain:
    """The content domain, its first signal, metric or alert changed."""
    first, *others = getattr(CONTENT, field)
    return changed(CONTENT, **{field: (changed(first, **fields), *others)})


def with_signal(**fields: Any) -> Domain:
    """The content domain, with one more signal."""
    plain = Signal("novelty", "Novelty", "What is new.", "total", "items", (Term("pipeline_items_total"),))
    return changed(CONTENT, signals=(*CONTENT.signals, changed(plain, **fields)))


def with_board(panel: dict[str, Any] | None = None, **fields: Any) -> Domain:
    """The content domain, its first board changed, or the first panel of that."""
    first, *others = CONTENT.boards
    if panel:
        fields["panels"] = (changed(first.panels[0], **panel), *first.panels[1:])
    return changed(CONTENT, boards=(changed(first, **fields), *others))


def named(alert: str) -> Domain:
    """The content domain, with its first alert without bands called so."""
    return with_first("alerts", name=alert)


def test_our_own_domains_keep_every_promise() -> None:
    assert broken_promises(DOMAINS) == []


BROKEN = {
    "no advice": (
        with_first("metrics", low_advice=""),
        "overall_metrics.bypass_rate has an alert PipelineBypassRateLow without advice: what to do first",
    ),
    "no board": (
        with_first("metrics", board=""),
        "overall_metrics.bypass_rate has no board that its alerts lead to",
    ),
    "no runbook of a band": (
        with_first("metrics", low_alert="PipelineTooLow"),
        "alert PipelineTooLow has no runbook: monitoring/domains/content/runbooks/PipelineTooLow.md is missing",
    ),
    "an unknown signal": (
        with_first("metrics", signal="bypas_rate"),
        "overall_metrics.bypass_rate judges the signal 'bypas_rate', which it does not declare",
    ),
    "bands the wrong way round": (
        with_first("metrics", defaults=Bands(critical_low=0.5, warning_low=0.4)),
        "overall_metrics.bypass_rate has critical_low 0.5 above warning_low 0.4",
    ),
    "a threshold out of reach": (
        with_first("metrics", defaults=Bands(warning_high=1.5)),
        "overall_metrics.bypass_rate has warning_high 1.5: expected from 0 to 1 (Metric.maximum)",
    ),
    "a threshold without an alert": (
        with_first("metrics", high_alert=None, defaults=Bands(warning_high=0.8)),
        "overall_metrics.bypass_rate has warning_high 0.8, and no alert on that side",
    ),
    "a threshold between edges": (
        changed(
            CONTENT,
            metrics=tuple(
                changed(metric, defaults=Bands(warning_high=45.0)) if metric.maximum > 1 else metric
                for metric in CONTENT.metrics
            ),
        ),
        "overall_metrics.item_duration_p95_seconds has warning_high 45.0: expected a bucket edge of "
        "pipeline_item_duration_seconds; the nearest is 30",
    ),
    "a key nobody can write": (
        with_first("metrics", key="Bypass rate"),
        "overall_metrics.Bypass rate is no key of monitoring.yaml: expected small letters, digits and _",
    ),
    "an unknown family": (
        with_signal(numerator=(Term("pipeline_novelties_total"),)),
        "signal novelty is made of pipeline_novelties_total, which no domain exposes",
    ),
    "an unknown label to split by": (
        with_signal(splits=("job", "colour")),
        "signal novelty is split by 'colour', which pipeline_items_total does not have",
    ),
    "an unknown label to narrow by": (
        with_signal(numerator=(Term("pipeline_items_total", (("colour", ("red",)),)),)),
        "signal novelty is narrowed by 'colour', which pipeline_items_total does not have",
    ),
    "a value that never is": (
        with_signal(numerator=(Term("pipeline_items_total", (("processing_type", ("half",)),)),)),
        "signal novelty asks for processing_type 'half', which never is",
    ),
    "a share above no edge": (
        with_signal(kind="share", edge=0.71, numerator=(Term("pipeline_quality_score_bucket"),)),
        "signal novelty counts what is above 0.71, which is no bucket edge of pipeline_quality_score_bucket",
    ),
    "an alert without a case": (
        changed(CONTENT, cases={}),
        "alert PipelineDown has no case in which it fires",
    ),
    "a headline of nothing": (
        changed(CONTENT, headlines=("novelty",)),
        "tells of the signal 'novelty' in its headlines, which it does not declare",
    ),
    "cases of nothing": (
        changed(CONTENT, cases={**CONTENT.cases, "PipelineUp": ()}),
        "has cases of PipelineUp, which is none of its alerts",
    ),
    "a fixed alert without advice": (
        with_first("alerts", advice=""),
        "alert PipelineDown has no advice: what to do first",
    ),
    "a fixed alert without a board": (
        with_first("alerts", board=""),
        "alert PipelineDown has no board that it leads to",
    ),
    "a burning objective without advice": (
        with_signal(burn=Burn("NoveltyBurns", "items", "")),
        "signal novelty has an alert NoveltyBurns without advice: what to do first",
    ),
    "an expression that is no PromQL": (
        with_first("alerts", expr="sum (up > 0"),
        "alert PipelineDown has an expression that is no PromQL: ",
    ),
    "an alert that leads out of its folder": (
        named("../../x"),
        "'../../x' cannot be the name of an alert: expected letters, digits and _, a letter first",
    ),
    "an alert of several words": (
        named("Loaves are <b>pale"),
        "'Loaves are <b>pale' cannot be the name of an alert: expected letters, digits and _, a letter first",
    ),
    "a board that leads out of its folder": (
        with_board(name="../../../../boardesc"),
        "'../../../../boardesc' cannot be the name of a board: expected small letters, digits and -, a letter first",
    ),
    "a signal with a space": (
        with_signal(name="burnt rate\n"),
        "'burnt rate\\n' cannot be the name of a signal: expected small letters, digits and _, a letter first",
    ),
    "a package that there is not": (
        changed(CONTENT, package="nope.nope"),
        "package is 'nope.nope', which cannot be found: expected the one that it stands in (__package__)",
    ),
    "a panel wider than the board": (
        with_board({"width": 99}),
        f"board {CONTENT.boards[0].name} has a panel {CONTENT.boards[0].panels[0].title!r} with width 99: "
        "expected from 1 to 24",
    ),
    "a window of nothing": (
        with_first("metrics", defaults=Bands(window=0)),
        "overall_metrics.bypass_rate has window 0: expected 60 or more",
    ),
    "a time below nothing": (
        with_first("metrics", defaults=Bands(for_seconds=-5)),
        "overall_metrics.bypass_rate has for_seconds -5: expected 0 or more",
    ),
    "a band of a total": (
        with_first("metrics", signal="items"),
        "overall_metrics.bypass_rate judges items, which is a total: expected one of ratio, mean, share, quantile",
    ),
    "a signal of nothing": (
        with_signal(numerator=()),
        "signal novelty is a total of nothing: expected a numerator",
    ),
    "a ratio of the whole of nothing": (
        with_signal(kind="ratio"),
        "signal novelty is a ratio without a denominator",
    ),
    "a quantile of a counter": (
        with_signal(kind="quantile", quantile=0.9),
        "signal novelty is a quantile of pipeline_items_total: expected the buckets of a histogram",
    ),
}
MISSHAPEN = {
    "a unit": (
        with_signal(unit="ratios"),
        "signals novelty unit is 'ratios': expected one of 'ratio', 'score', 'seconds', 'usd', 'items', 'calls', "
        "'records', 'series', 'bytes', 'requests', 'timestamp', 'number'",
    ),
    "a kind": (with_signal(kind="ratoi"), "signals novelty kind is 'ratoi': expected one of 'ratio', 'mean', "),
    "what is good": (
        with_signal(good="lower"),
        "signals novelty good is 'lower': expected one of 'high', 'low', 'neither'",
    ),
    "splits that are one text": (
        with_signal(splits="job"),
        "signals novelty splits is 'job': expected a tuple, each a text",
    ),
    "a help text of two lines": (
        with_signal(help="a\n| b |"),
        "signals novelty help has a line break: expected one line",
    ),
    "advice of two lines": (
        with_first("alerts", advice="Look.\nThen act."),
        "alerts PipelineDown advice has a line break: expected one line",
    ),
    "a severity": (
        with_first("alerts", severity="sever"),
        "alerts PipelineDown severity is 'sever': expected one of 'critical', 'warning', 'info', 'none'",
    ),
    "a target with its unit": (
        with_first("metrics", defaults=Bands(target="2 %")),  # type: ignore[arg-type]
        "metrics overall_metrics.bypass_rate defaults target is '2 %': expected a finite number or None",
    ),
    "a target that is no number": (
        with_first("metrics", defaults=Bands(target=float("nan"))),
        "metrics overall_metrics.bypass_rate defaults target is nan: expected a finite number or None",
    ),
    "a label for labels": (
        with_first("metrics", by="oven"),
        "metrics overall_metrics.bypass_rate by is 'oven': expected a tuple, each a text",
    ),
    "a kind of panel": (
        with_board({"title": "How?", "kind": "linse"}),
        f"boards {CONTENT.boards[0].name} panels How? kind is 'linse': expected one of 'number', 'lines', ",
    ),
    "marks": (
        with_board({"title": "How?", "marks": "bandde"}),
        f"boards {CONTENT.boards[0].name} panels How? marks is 'bandde': expected one of '', 'always', 'banded'",
    ),
    "an ask that is none": (
        with_board({"title": "How?", "asks": ("items",)}),
        f"boards {CONTENT.boards[0].name} panels How? asks number 1 is 'items': expected Ask or Joined or PromQL",
    ),
    "an ask of another time": (
        with_board({"title": "How?", "asks": (Ask("monthly", "items"),)}),  # type: ignore[arg-type]
        f"boards {CONTENT.boards[0].name} panels How? asks number 1 over is 'monthly': expected one of 'rolling', ",
    ),
    "a board for boards": (changed(CONTENT, boards=CONTENT.boards[0]), "boards is Board(name="),
    "nothing for a board": (changed(CONTENT, boards=(None,)), "boards number 1 is None: expected Board"),
    "an alert for alerts": (changed(CONTENT, alerts=CONTENT.alerts[0]), "alerts is Fixed(name="),
    "a text for cases": (
        changed(CONTENT, cases={"PipelineDown": "x"}),
        "cases PipelineDown is 'x': expected a tuple, each Case",
    ),
    "a headline for headlines": (
        changed(CONTENT, headlines="items"),
        "headlines is 'items': expected a tuple, each a text",
    ),
    "no package": (changed(CONTENT, package=None), "package is None: expected a text"),
    "a thing that cannot be shown": (
        changed(CONTENT, title=Unspeakable()),
        "title is a value of type Unspeakable that cannot be written: expected a text",
    ),
}


@pytest.mark.parametrize(("domain", "expected"), MISSHAPEN.values(), ids=MISSHAPEN)
def test_what_has_another_shape_is_said_in_one_sentence_and_looked_at_no_further(domain: Domain, expected: str) -> None:
    (problem,) = broken_promises([domain, EXPORTER])
    assert problem.startswith(f"domain pipeline: {expected}")


@pytest.mark.parametrize(("domain", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_promise_that_is_broken_is_said_in_one_sentence(domain: Domain, expected: str) -> None:
    assert any(problem.startswith(f"domain pipeline: {expected}") for problem in broken_promises([domain]))


def test_what_two_domains_have_both_is_refused() -> None:
    twin = changed(EXPORTER, signals=CONTENT.signals[:1])
    assert broken_promises([CONTENT, twin]) == ["2 signals are called bypass_rate"]
    assert "2 domains are called pipeline" in broken_promises([CONTENT, CONTENT])
    assert "2 alerts are called PipelineDown" in broken_promises([CONTENT, CONTENT])


def test_a_domain_that_breaks_a_promise_is_not_taken() -> None:
    with pytest.raises(PipemeterError) as refused:
        registry_of([with_first("metrics", low_advice="", board="")])
    assert str(refused.value).splitlines() == [
        "domain pipeline: overall_metrics.bypass_rate has no board that its alerts lead to",
        "domain pipeline: overall_metrics.bypass_rate has an alert PipelineBypassRateLow without advice: what to do "
        "first",
    ]
