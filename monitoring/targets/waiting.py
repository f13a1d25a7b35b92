"""Domains that have not arrived: what is written about them in monitoring.yaml is checked, and waits.

The one list of them. Where a domain arrives, its lines go from here; a section, name or label that a registered domain
has is not waited for. `signal` is empty, because nothing counts it yet.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitoring.domains import catalogue
from monitoring.domains.band import Metric

_WEEK = 604_800.0
_DOMAINS = ("llm", "workflow", "batching", "bandits", "evaluations", "agents", "clustering", "models")
LABELS = ("cache", "depth", "task", "agent", "wiki_id", "model", "version", "metric")  # that their alerts will carry
_KEYS: Mapping[str, tuple[str, ...]] = {"model_metrics": ("degradation", "thresholds")}  # shaped unlike bands
_METRICS: tuple[Metric, ...] = (
    Metric("cache_metrics", "hit_rate", "", "CacheHitRateLow", domain="llm"),
    Metric("cache_metrics", "cost_savings", "", "CacheCostSavingsLow", domain="llm"),
    Metric("model_routing_metrics", "failure_rate", "", None, "ModelRoutingFailuresHigh", domain="llm"),
    Metric("optimization_metrics", "latency_p95_seconds", "", None, "OptimizationLatencyHigh", _WEEK, domain="llm"),
    Metric("autointel_metrics", "duration_p95_seconds", "", None, "AutointelSlowExecution", _WEEK, domain="workflow"),
    Metric("autointel_metrics", "error_rate", "", None, "AutointelHighErrorRate", domain="workflow"),
    Metric("bandit_metrics", "latency_p95_seconds", "", None, "BanditLatencyHigh", _WEEK, domain="bandits"),
    Metric("evaluation_metrics", "quality", "", "EvaluationQualityLow", domain="evaluations"),
    Metric("evaluation_metrics", "latency_seconds", "", None, "EvaluationLatencyHigh", _WEEK, domain="evaluations"),
    Metric("evaluation_metrics", "cost_usd", "", None, "EvaluationCostHigh", _WEEK, domain="evaluations"),
    Metric("agent_metrics", "quality_drop", "", None, "AgentQualityDrop", domain="agents"),
    Metric("agent_metrics", "response_time_ratio", "", None, "AgentSlow", 1000.0, domain="agents"),
    Metric("agent_metrics", "error_rate", "", None, "AgentErrorRateHigh", domain="agents"),
    Metric("clustering_metrics", "silhouette", "", "ClusteringSilhouetteLow", domain="clustering"),
    Metric("clustering_metrics", "outlier_ratio", "", None, "ClusteringOutliersHigh", domain="clustering"),
    Metric("clustering_metrics", "tags_per_page", "", "ClusteringTagsPerPageLow", None, 1000.0, domain="clustering"),
)


def metrics_to_come() -> tuple[Metric, ...]:
    """Return the keys of sections that no domain has brought yet."""
    arrived = catalogue.sections()
    return tuple(metric for metric in _METRICS if metric.section not in arrived)


def keys_to_come() -> dict[str, tuple[str, ...]]:
    """Return the sections to come whose keys hold no bands, each with its keys."""
    arrived = catalogue.sections()
    return {section: keys for section, keys in _KEYS.items() if section not in arrived}


def domain_names() -> tuple[str, ...]:
    """Return the names of all domains that an operator may write about, those that have arrived first."""
    return tuple(dict.fromkeys((*(domain.name for domain in catalogue.domains()), *_DOMAINS)))
