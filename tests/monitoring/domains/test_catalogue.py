"""The registry of what is judged: ours, and the domains of other packages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from monitoring.domains import catalogue
from monitoring.domains.catalogue import DOMAINS
from pipeline.domains import catalogue as said_domains
from pipeline.domains.content.domain import DOMAIN as SAID
from pipeline.errors import DomainError

CONTENT, EXPORTER = DOMAINS


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Have one more domain said, judged by what an attribute of a module is."""

    def say(name: str, judged: str) -> None:
        domain = msgspec.structs.replace(SAID, name=name, judged=judged)
        monkeypatch.setattr(said_domains, "domains", lambda: (SAID, domain))
        catalogue.registry.cache_clear()

    yield say
    catalogue.registry.cache_clear()


def test_the_registry_holds_what_the_domains_bring_in_their_order() -> None:
    assert list(catalogue.signals()) == [signal.name for one in DOMAINS for signal in one.signals]
    assert catalogue.metrics() == CONTENT.metrics
    assert catalogue.fixed_alerts() == (*CONTENT.alerts, *EXPORTER.alerts)
    assert catalogue.sections() == ("overall_metrics",)
    assert list(catalogue.variables()) == ["job", "config_version", "content_type", "checkpoint", "instance"]
    assert catalogue.cases_of("PipelineUp") == ()


def test_what_is_asked_for_by_name_is_found_or_refused_by_that_name() -> None:
    assert catalogue.domain("exporter") is EXPORTER
    metric = catalogue.metric_of("bypass_rate")
    assert metric is not None
    assert metric.path == "overall_metrics.bypass_rate"
    assert catalogue.metric_of("items") is None
    with pytest.raises(LookupError, match="no domain is called 'llm'"):
        catalogue.domain("llm")
    with pytest.raises(LookupError, match="no domain declares a signal 'bypas_rate'"):
        catalogue.signal("bypas_rate")


def test_a_domain_of_ours_is_judged_once_and_one_of_others_where_it_says(said: Any) -> None:
    said("exporter", "monitoring.domains.exporter.domain:DOMAIN")
    with pytest.raises(DomainError, match="2 domains are called exporter"):
        catalogue.registry()


@pytest.mark.parametrize(
    ("name", "judged", "expected"),
    [
        ("llm", "monitoring.llm:DOMAIN", "ModuleNotFoundError: No module named 'monitoring.llm'"),
        ("llm", "monitoring.domains.catalogue:LLM", "AttributeError"),
        ("llm", "monitoring.domains.catalogue:DOMAINS", "expected a Domain of monitoring.domains"),
        ("llm", "monitoring.domains.catalogue:EXPORTER", "is called 'exporter', not like its side"),
    ],
)
def test_a_side_that_cannot_be_had_is_refused_in_one_sentence(said: Any, name: str, judged: str, expected: str) -> None:
    said(name, judged)
    with pytest.raises(DomainError) as refused:
        catalogue.registry()
    (sentence,) = refused.value.problems
    assert sentence.startswith(f"domain {name}: judged {judged!r}: ")
    assert expected in sentence


def test_a_side_that_ends_the_program_when_it_is_imported_is_refused_too(
    said: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leaving_judged.py").write_text("raise SystemExit(7)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    said("llm", "leaving_judged:DOMAIN")
    with pytest.raises(DomainError, match="domain llm: judged 'leaving_judged:DOMAIN': SystemExit: 7"):
        catalogue.registry()
