"""Metrics of the exporter about itself: what it took in, refused and how long scrapes take."""

from __future__ import annotations

from pipeline.metrics.family import Family, Label
from pipeline.metrics.labels import LABEL_OVERFLOW

REFUSALS = (
    "malformed",
    "invalid",
    "too_large",
    "media_type",
    "encoding",
    "unauthorized",
    "busy",
    "key",
    "timeout",
    "storage",
)

BUILD_INFO = Family(
    "exporter_build_info",
    "gauge",
    "Always 1; names the running version.",
    ("version", "python_version"),
    kept="process",
    zeros=False,
)
RECORDS = Family("exporter_records_total", "counter", "Records applied, each exactly once.")
INCOMPLETE_RECORDS = Family(
    "exporter_incomplete_records_total",
    "counter",
    "Records counted, but without what savings need.",
    ("reason",),
    own=(Label("reason", ("processing_time", "time_saved")),),
)
DUPLICATE_RECORDS = Family(
    "exporter_duplicate_records_total",
    "counter",
    "Records repeated under a known Idempotency-Key and not applied again.",
    kept="process",
)
REJECTED_RECORDS = Family(
    "exporter_rejected_records_total",
    "counter",
    "Records refused, by the reason.",
    ("reason",),
    own=(Label("reason", REFUSALS),),
    kept="process",
)
RENDER_DURATION = Family(
    "exporter_render_duration_seconds",
    "histogram",
    "Time to render one scrape.",
    (),
    (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
    "a scrape takes below a millisecond at 1,000 series and must stay far below the usual 10 s timeout",
    kept="process",
)
SERIES = Family("exporter_series", "gauge", "Series in the last scrape.", kept="process")
COMMIT_DURATION = Family(
    "exporter_commit_duration_seconds",
    "histogram",
    "Time to journal and count one group of requests.",
    (),
    (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
    "a group takes a tenth of a millisecond, some milliseconds when it waits for the disk",
    kept="process",
)
COMPACTION_DURATION = Family(
    "exporter_compaction_duration_seconds",
    "histogram",
    "Time that records waited while the journal was replaced by a snapshot.",
    (),
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    "tens of milliseconds at 1,000 series; a sender gives up after 5 s",
    kept="process",
)
WAITING_REQUESTS = Family("exporter_waiting_requests", "gauge", "Requests waiting for their commit.", kept="process")
JOURNAL_SIZE = Family("exporter_journal_size_bytes", "gauge", "Size of the journal on disk.", kept="process")
JOURNAL_ERRORS = Family(
    "exporter_journal_errors_total",
    "counter",
    "Times the journal could not be written.",
    kept="process",
)
JOURNAL_LOST_RECORDS = Family(
    "exporter_journal_lost_records_total",
    "counter",
    "Accepted records known to be lost: the journal was damaged, or they are of a domain that is gone.",
)
IDEMPOTENCY_KEYS = Family("exporter_idempotency_keys", "gauge", "Idempotency keys remembered.", kept="process")
FORGOTTEN_KEYS = Family(
    "exporter_forgotten_keys_total",
    "counter",
    "Idempotency keys forgotten before their seven days, because there were too many.",
    kept="process",
)
PUSHED_SERIES = Family("exporter_pushed_series", "gauge", "Series pushed by batch jobs.", kept="process")
ALERTS_LOGGED = Family(
    "exporter_alerts_logged_total",
    "counter",
    "Alerts written to the log channel.",
    kept="process",
)
ALERTS_HELD_BACK = Family(
    "exporter_alerts_held_back_total",
    "counter",
    "Alerts that the limits of the log channel held back, by the limit.",
    ("reason",),
    own=(Label("reason", ("per_hour", "per_model", "minimum_severity")),),
    kept="process",
)

FAMILIES: tuple[Family, ...] = (
    BUILD_INFO,
    RECORDS,
    INCOMPLETE_RECORDS,
    DUPLICATE_RECORDS,
    REJECTED_RECORDS,
    LABEL_OVERFLOW,
    RENDER_DURATION,
    SERIES,
    COMMIT_DURATION,
    COMPACTION_DURATION,
    WAITING_REQUESTS,
    JOURNAL_SIZE,
    JOURNAL_ERRORS,
    JOURNAL_LOST_RECORDS,
    IDEMPOTENCY_KEYS,
    FORGOTTEN_KEYS,
    PUSHED_SERIES,
    ALERTS_LOGGED,
    ALERTS_HELD_BACK,
)
