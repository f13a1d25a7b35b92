"""The signals of the exporter: what it took in, what it refused, how long it renders."""

from __future__ import annotations

from monitoring.domains.signal import Signal, buckets_of, count_of, term, total
from pipeline.domains.exporter.families import (
    DUPLICATE_RECORDS,
    INCOMPLETE_RECORDS,
    RECORDS,
    REJECTED_RECORDS,
    RENDER_DURATION,
)
from pipeline.metrics.labels import LABEL_OVERFLOW

SIGNALS: tuple[Signal, ...] = (
    total("records", "Records applied", "Records applied, each exactly once.", "records", term(RECORDS),
           splits=("job", "instance")),
    total("rejected_records", "Records refused", "Records refused, by the reason.", "records",
           term(REJECTED_RECORDS), good="low", splits=("job", "instance", "reason")),
    total("duplicate_records", "Repeated records", "Records repeated and not applied again.", "records",
           term(DUPLICATE_RECORDS), splits=("job", "instance")),
    total("incomplete_records", "Incomplete records", "Records counted, but without what savings need.", "records",
           term(INCOMPLETE_RECORDS), good="low", splits=("job", "instance", "reason")),
    total("label_overflow", "Label overflow", "Label values that became `other`.", "records",
           term(LABEL_OVERFLOW), good="low", splits=("job", "instance", "label")),
    Signal(
        "render_duration_p95_seconds",
        "Scrape rendering (p95)",
        "The time that 95 % of renderings of /metrics stay below.",
        "quantile",
        "seconds",
        (buckets_of(RENDER_DURATION),),
        (count_of(RENDER_DURATION),),
        good="low",
        splits=("job", "instance"),
        quantile=0.95,
    ),
)  # fmt: skip
