"""What a domain promises, promise by promise: each is broken once, and said in one sentence."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
import pytest

from monitoring.domains.band import Bands
from monitoring.domains.catalogue import DOMAINS, registry_of
from monitoring.domains.contract import broken_promises
from monitoring.domains.domain import Domain
from monitoring.domains.signal import Signal, Term
from pipeline.errors import PipemeterError

CONTENT, EXPORTER = DOMAINS
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
        "overall_metrics.bypass_rate has warning_high 1.5: expected from 0 to 1",
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
}


@pytest.mark.parametrize(("domain", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_promise_that_is_broken_is_said_in_one_sentence(domain: Domain, expected: str) -> None:
    assert f"domain pipeline: {expected}" in broken_promises([domain])


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
