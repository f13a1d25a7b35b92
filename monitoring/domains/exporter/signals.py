"""The signals of the exporter: what it took in, what it refused, how long it renders."""

from __future__ import annotations

from monitoring.domains.signal import Signal, Term, total

SIGNALS: tuple[Signal, ...] = (
    total("records", "Records applied", "Records applied, each exactly once.", "records", "exporter_records_total",
           splits=("job", "instance")),
    total("rejected_records", "Records refused", "Records refused, by the reason.", "records",
           "exporter_rejected_records_total", good="low", splits=("job", "instance", "reason")),
    total("duplicate_records", "Repeated records", "Records repeated and not applied again.", "records",
           "exporter_duplicate_records_total", splits=("job", "instance")),
    total("incomplete_records", "Incomplete records", "Records counted, but without what savings need.", "records",
           "exporter_incomplete_records_total", good="low", splits=("job", "instance", "reason")),
    total("label_overflow", "Label overflow", "Label values that became `other`.", "records",
           "exporter_label_overflow_total", good="low", splits=("job", "instance", "label")),
    Signal(
        "render_duration_p95_seconds",
        "Scrape rendering (p95)",
        "The time that 95 % of renderings of /metrics stay below.",
        "quantile",
        "seconds",
        (Term("exporter_render_duration_seconds_bucket"),),
        (Term("exporter_render_duration_seconds_count"),),
        good="low",
        splits=("job", "instance"),
        quantile=0.95,
    ),
)  # fmt: skip
