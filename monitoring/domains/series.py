"""The series of a metric family, by their names: a histogram has three kinds of them, and bucket edges."""

from __future__ import annotations

from monitoring.domains.signal import Signal
from pipeline.domains import catalogue


def family_of(series: str) -> tuple[str, str]:
    """Return the family that a series belongs to, and the suffix it has there. Raises LookupError."""
    for suffix in ("_bucket", "_count", "_sum"):
        base = series.removesuffix(suffix)
        if base != series and any(f.name == base and f.kind == "histogram" for f in catalogue.families()):
            return base, suffix
    return catalogue.family(series).name, ""


def edge_text(edge: float) -> str:
    """Return a bucket edge as the exposition writes it in `le`: 1 -> `1.0`, 0.7 -> `0.7`."""
    return repr(float(edge))


def refuse_between_edges(signal: Signal, threshold: float) -> None:
    """Refuse a threshold of a quantile that is no bucket edge: between edges nothing is known. Raises ValueError.

    Nor is it the last edge: a quantile among the values beyond is said to be that edge, and never exceeds it.
    """
    if signal.kind != "quantile":
        return
    family = catalogue.family(family_of(signal.numerator[0].series)[0])
    edges = family.buckets[:-1]
    if threshold not in edges:
        close = edge_text(min(edges, key=lambda edge: abs(edge - threshold))).removesuffix(".0")
        why = " (a quantile never exceeds the last one)" if threshold == family.buckets[-1] else ""
        raise ValueError(f"a bucket edge of {family.name}; the nearest is {close}{why}")
