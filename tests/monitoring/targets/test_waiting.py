"""Domains that have not arrived: one list, which shrinks as they do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitoring.domains import catalogue
from monitoring.domains.band import Metric
from monitoring.domains.domain import Domain
from monitoring.domains.signal import Signal, term
from monitoring.targets import waiting
from monitoring.targets.targets import load_targets
from pipeline.domains.content.families import ITEMS
from pipeline.errors import ConfigError

HITS = Signal("hit_rate", "Hit rate", "Hits.", "ratio", "ratio", (term(ITEMS),), (term(ITEMS),), good="high")
LLM = Domain(
    name="llm",
    title="Models",
    package="monitoring.domains",
    signals=(HITS,),
    metrics=(Metric("cache_metrics", "hit_rate", "hit_rate", board="pipemeter-llm"),),
)


@pytest.fixture
def arrived(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The domain `llm`, with one of its sections."""
    monkeypatch.setattr(catalogue, "DOMAINS", (*catalogue.DOMAINS, LLM))
    catalogue.registry.cache_clear()
    yield
    catalogue.registry.cache_clear()


def written(folder: Path, text: str) -> Path:
    path = folder / "monitoring.yaml"
    path.write_text(text)
    return path


def test_nothing_is_waited_for_that_is_there() -> None:
    arrived = catalogue.sections()
    assert not {metric.section for metric in waiting.metrics_to_come()} & {*arrived}
    assert not {*waiting.keys_to_come()} & {*arrived}
    assert all(not metric.signal for metric in waiting.metrics_to_come())
    assert waiting.domain_names()[:2] == ("pipeline", "exporter")


def test_what_is_written_about_a_domain_to_come_is_checked_and_waits(tmp_path: Path) -> None:
    text = "cache_metrics: {hit_rate: {warning_low: 0.4}}\nmodel_metrics: {thresholds: {}}\n"
    assert load_targets(written(tmp_path, text)).waiting == ("cache_metrics.hit_rate", "model_metrics")
    with pytest.raises(ConfigError, match=r"cache_metrics\.hit_rate\.warning_low: 1\.4: expected a number from 0 to 1"):
        load_targets(written(tmp_path, text.replace("0.4", "1.4")))


def test_a_domain_that_arrives_is_waited_for_no_longer(arrived: None, tmp_path: Path) -> None:
    assert "cache_metrics" in catalogue.sections()
    assert "cache_metrics" not in {metric.section for metric in waiting.metrics_to_come()}
    assert waiting.domain_names()[:3] == ("pipeline", "exporter", "llm")
    targets = load_targets(written(tmp_path, "cache_metrics: {hit_rate: {target: 0.7}}\n"))
    assert (targets.waiting, targets.bands["hit_rate"].target) == ((), 0.7)
    with pytest.raises(ConfigError, match=r"cost_savings: .* expected a known metric, one of: hit_rate"):
        load_targets(written(tmp_path, "cache_metrics: {cost_savings: {target: 0.7}}\n"))
