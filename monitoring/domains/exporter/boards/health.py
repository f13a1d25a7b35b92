"""Can these numbers be trusted? The board Exporter and pipeline health."""

from __future__ import annotations

from monitoring.domains.ask import Ask, PromQL
from monitoring.domains.board import NO_TRAFFIC, Board, Column, Panel
from monitoring.domains.scale import COUNT, GREEN, RED, Scale

_LONG_AGO = "1000w"
_BUCKETS_STEP = "5m"  # buckets are many
_UP = Scale("bool_yes_no", steps=((None, RED), (1.0, GREEN)))
_PER_SECOND = Scale("suffix: /s", minimum=0)
_UNSEEN = "Not scraped"


def _number(title: str, how: str, ask: PromQL, scale: Scale, empty: str = _UNSEEN) -> Panel:
    return Panel(title, how, "number", (ask,), scale, width=6, height=4, empty=empty)


def _p95(title: str, how: str, family: str, empty: str = NO_TRAFFIC) -> Panel:
    text = f"histogram_quantile(0.95, sum by (instance, le) (rate({family}_bucket{{@}}[$__rate_interval])))"
    ask = PromQL(text, (family,), "{{instance}}", step=_BUCKETS_STEP)
    return Panel(title, how, "lines", (ask,), Scale("s", 1, minimum=0), empty=empty)


_NOW = (
    _number(
        "Is the exporter scraped?",
        "Instances whose last scrape succeeded, of all that Prometheus knows.",
        PromQL("sum(up{@}) / count(up{@})", ("up",), "of instances"),
        Scale("percentunit", 0, steps=((None, RED), (1.0, GREEN))),
    ),
    _number(
        "When did the last item finish?",
        "When an item last finished or failed, as the exporters saw it. Long ago means that nothing is coming.",
        PromQL(
            "max(pipeline_last_item_timestamp_seconds{@} > 0) * 1000",
            ("pipeline_last_item_timestamp_seconds",),
        ),
        Scale("dateTimeFromNow"),
        empty=NO_TRAFFIC,
    ),
    _number(
        "How many items are in progress?",
        "Items being processed in the scraped processes right now.",
        PromQL("sum(pipeline_items_in_progress{@})", ("pipeline_items_in_progress",), "now"),
        COUNT,
    ),
    _number(
        "How many series are exposed?",
        "Series in the last scrapes, all instances together. It grows with content types and versions, and is capped "
        "by the catalogue.",
        PromQL("sum(exporter_series{@})", ("exporter_series",), "series"),
        COUNT,
    ),
)
_RECORDS = Panel(
    "How many records come in?",
    "Records applied per second, by instance, each counted exactly once.",
    "lines",
    (
        PromQL(
            "sum by (instance) (rate(exporter_records_total{@}[$__rate_interval]))",
            ("exporter_records_total",),
            "{{instance}}",
        ),
    ),
    _PER_SECOND,
    stacked=True,
    empty=_UNSEEN,
)
_REFUSED = Panel(
    "What is refused?",
    "Records refused per second, by the reason. Each bar deserves a look at the sender.",
    "bars",
    (
        PromQL(
            "sum by (reason) (rate(exporter_rejected_records_total{@}[$__rate_interval])) > 0",
            ("exporter_rejected_records_total",),
            "{{reason}}",
        ),
    ),
    _PER_SECOND,
    stacked=True,
    empty="Nothing refused",
)
_COUNTERS = {
    "refused": "exporter_rejected_records_total",
    "repeated, not counted again": "exporter_duplicate_records_total",
    "incomplete": "exporter_incomplete_records_total",
    "label value became `other`": "exporter_label_overflow_total",
    "alerts held back by their hourly limit": "exporter_alerts_held_back_total",
    "journal errors": "exporter_journal_errors_total",
    "keys forgotten early": "exporter_forgotten_keys_total",
}
_LOSSES = Panel(
    "What did not go as it should?",
    "Counts over the chosen range. Repeated records are harmless: senders try again. Journal errors mean that records "
    "could not be kept; label values that became `other` that a label has outgrown its cap.",
    "ranking",
    tuple(PromQL(f"sum(increase({family}{{@}}[$__range]))", (family,), title) for title, family in _COUNTERS.items()),
    COUNT,
    height=10,
    empty=_UNSEEN,
)
_BUSY = Panel(
    "Is the pipeline busy?",
    "Items in progress, by instance. High and flat while nothing finishes means that it is stuck.",
    "lines",
    (PromQL("sum by (instance) (pipeline_items_in_progress{@})", ("pipeline_items_in_progress",), "{{instance}}"),),
    Scale("short", minimum=0),
    height=10,
    empty=_UNSEEN,
)
_HELD = {
    "Series": ("exporter_series", COUNT),
    "Journal": ("exporter_journal_size_bytes", Scale("bytes", 1)),
    "Keys": ("exporter_idempotency_keys", COUNT),
    "Pushed": ("exporter_pushed_series", COUNT),
    "Waiting": ("exporter_waiting_requests", COUNT),
    "Up": ("up", _UP),
}
_INSTANCES = Panel(
    "What does each instance hold?",
    "Series exposed, size of the journal, idempotency keys remembered, series pushed by batch jobs, requests that wait "
    "for their commit, and whether the last scrape succeeded.",
    "table",
    (
        *(PromQL(f"max by (instance) ({family}{{@}})", (family,), title) for title, (family, _) in _HELD.items()),
        PromQL("max by (instance, version) (exporter_build_info{@})", ("exporter_build_info",)),
    ),
    width=24,
    height=7,
    labels={"instance": "Instance", "version": "Version"},
    columns={title: Column(scale) for title, (_, scale) in _HELD.items()},
    sort="Series",
    empty=_UNSEEN,
)
_WAITS = (
    _p95(
        "How long does a scrape take?",
        "Time to render /metrics, p95 by instance; far below the scrape timeout (usually 10 s) it is fine.",
        "exporter_render_duration_seconds",
        empty=_UNSEEN,
    ),
    _p95(
        "How long does a record wait?",
        "Time to journal and count one group of requests, p95 by instance.",
        "exporter_commit_duration_seconds",
    ),
    _p95(
        "How long do snapshots block?",
        "Time that records waited while the journal was replaced by a snapshot, p95 by instance; senders give up "
        "after 5 s.",
        "exporter_compaction_duration_seconds",
        empty="No snapshot was taken",
    ),
    Panel(
        "How big is the journal?",
        "Size of the journal on disk, by instance. It grows until it is replaced by a snapshot: a saw is healthy.",
        "lines",
        (
            PromQL(
                "sum by (instance) (exporter_journal_size_bytes{@})",
                ("exporter_journal_size_bytes",),
                "{{instance}}",
            ),
        ),
        Scale("bytes", 1, minimum=0),
        empty=_UNSEEN,
    ),
)
# The line is drawn from what is recorded; only the dots need the family itself, whose values are dear to read. Grafana
# asks for the dots of the series that a query names. This one names them as they were long before there were any, so
# that it costs nothing and draws no line.
_ITEMS = Panel(
    "Which items took long?",
    "Duration of items, p95 by the way they took, of all instances. Dots are single items: pointing at one shows its "
    "`item_id`, by which its line is found in the log.",
    "lines",
    (
        Ask("rolling", "item_duration_p95_seconds", by=("processing_type",)),
        PromQL(
            f"pipeline_item_duration_seconds_bucket{{@}} offset {_LONG_AGO}",
            ("pipeline_item_duration_seconds",),
            exemplars=True,
        ),
    ),
    Scale("s", 1, minimum=0),
    colours="processing_type",
)
_CONFIGURATION = (
    Panel(
        "Which features are on?",
        "The features that the pipeline last announced, in any instance: 1 is on.",
        "table",
        (PromQL("max by (feature) (pipeline_feature_enabled{@})", ("pipeline_feature_enabled",), "On"),),
        width=6,
        labels={"feature": "Feature"},
        columns={"On": Column(Scale("bool_on_off"))},
        empty=_UNSEEN,
    ),
    Panel(
        "Which configuration is active?",
        "Versions of the configuration that are announced, with the hash of their content.",
        "table",
        (
            PromQL(
                "max by (config_version, config_hash) (pipeline_config_info{@})",
                ("pipeline_config_info",),
            ),
        ),
        width=6,
        labels={"config_version": "Version", "config_hash": "Hash"},
        columns={"Hash": Column()},
        empty="No version was announced",
    ),
)

BOARD = Board(
    "health",
    "pipemeter: Exporter and pipeline health",
    "Can these numbers be trusted? Whether the exporter is scraped, takes everything in and keeps it.",
    (
        *_NOW,
        _RECORDS,
        _REFUSED,
        _LOSSES,
        _BUSY,
        _INSTANCES,
        *_WAITS,
        _ITEMS,
        *_CONFIGURATION,
    ),
    ("job", "instance"),
    start="now-6h",
    refresh="30s",
)
