"""Can these numbers be trusted? The board Exporter and pipeline health."""

from __future__ import annotations

import msgspec

from monitoring.compile.dashboards.queries import BUCKETS_STEP, Questions
from monitoring.compile.dashboards.scales import COUNT, colours_of
from monitoring.domains.board import Board, Column, Panel, Query, Scale
from monitoring.targets.targets import Targets

VARIABLES = ("job", "instance")
_HERE = '{job=~"$job",instance=~"$instance"}'
_LONG_AGO = "1000w"
_UP = Scale("bool_yes_no", steps=((None, "red"), (1.0, "green")))


def board(targets: Targets, *, recorded: bool = True) -> Board:
    """Return the board. What the exporter says of itself is little and is asked for as it is."""
    return Board(
        "health",
        "pipemeter: Exporter and pipeline health",
        "Can these numbers be trusted? Whether the exporter is scraped, takes everything in and keeps it.",
        (
            *_now(),
            _records(),
            _refused(),
            _losses(),
            _busy(),
            _instances(),
            *_waits(),
            _items(Questions(targets, ("job",), recorded=recorded)),
            *_configuration(),
        ),
        VARIABLES,
        start="now-6h",
        refresh="30s",
    )


def _asked(text: str, *families: str, legend: str = "", now: bool = False) -> Query:
    """Return a query; `@` stands for the matchers of job and instance."""
    return Query(text.replace("@", _HERE), families, legend, now)


def _number(title: str, how: str, query: Query, scale: Scale, **more: object) -> Panel:
    return Panel(title, how, "number", (query,), scale, width=6, height=4, **more)  # type: ignore[arg-type]


def _now() -> tuple[Panel, ...]:
    return (
        _number(
            "Is the exporter scraped?",
            "Instances whose last scrape succeeded, of all that Prometheus knows.",
            _asked("sum(up@) / count(up@)", "up", legend="of instances", now=True),
            Scale("percentunit", 0, steps=((None, "red"), (1.0, "green"))),
            empty="Not scraped",
        ),
        _number(
            "When did the last item finish?",
            "When an item last finished or failed, as the exporters saw it. Long ago means that nothing is coming.",
            _asked("max(pipeline_last_item_timestamp_seconds@ > 0) * 1000", "pipeline_last_item_timestamp_seconds",
                   now=True),
            Scale("dateTimeFromNow"),
        ),
        _number(
            "How many items are in progress?",
            "Items being processed in the scraped processes right now.",
            _asked("sum(pipeline_items_in_progress@)", "pipeline_items_in_progress", legend="now", now=True),
            COUNT,
            empty="Not scraped",
        ),
        _number(
            "How many series are exposed?",
            "Series in the last scrapes, all instances together. It grows with content types and versions, and is "
            "capped by the catalogue.",
            _asked("sum(exporter_series@)", "exporter_series", legend="series", now=True),
            COUNT,
            empty="Not scraped",
        ),
    )  # fmt: skip


def _records() -> Panel:
    return Panel(
        "How many records come in?",
        "Records applied per second, by instance, each counted exactly once.",
        "lines",
        (_asked("sum by (instance) (rate(exporter_records_total@[$__rate_interval]))", "exporter_records_total",
                legend="{{instance}}"),),
        Scale("suffix: /s", minimum=0),
        stacked=True,
        empty="Not scraped",
    )  # fmt: skip


def _refused() -> Panel:
    return Panel(
        "What is refused?",
        "Records refused per second, by the reason. Each bar deserves a look at the sender.",
        "bars",
        (_asked("sum by (reason) (rate(exporter_rejected_records_total@[$__rate_interval])) > 0",
                "exporter_rejected_records_total", legend="{{reason}}"),),
        Scale("suffix: /s", minimum=0),
        stacked=True,
        empty="Nothing refused",
    )  # fmt: skip


def _losses() -> Panel:
    counters = {
        "refused": "exporter_rejected_records_total",
        "repeated, not counted again": "exporter_duplicate_records_total",
        "incomplete": "exporter_incomplete_records_total",
        "label value became `other`": "exporter_label_overflow_total",
        "alerts held back by their hourly limit": "exporter_alerts_held_back_total",
        "journal errors": "exporter_journal_errors_total",
        "keys forgotten early": "exporter_forgotten_keys_total",
    }
    return Panel(
        "What did not go as it should?",
        "Counts over the chosen range. Repeated records are harmless: senders try again. Journal errors mean that "
        "records could not be kept; label values that became `other` that a label has outgrown its cap.",
        "ranking",
        tuple(
            _asked(f"sum(increase({family}@[$__range]))", family, legend=title, now=True)
            for title, family in counters.items()
        ),
        COUNT,
        height=10,
        empty="Not scraped",
    )


def _instances() -> Panel:
    columns = {
        "Series": ("exporter_series", COUNT),
        "Journal": ("exporter_journal_size_bytes", Scale("bytes", 1)),
        "Keys": ("exporter_idempotency_keys", COUNT),
        "Pushed": ("exporter_pushed_series", COUNT),
        "Waiting": ("exporter_waiting_requests", COUNT),
        "Up": ("up", _UP),
    }
    queries = [
        Query(f"max by (instance) ({family}{_HERE})", (family,), title, now=True, form="table")
        for title, (family, _) in columns.items()
    ]
    build = Query(
        f"max by (instance, version) (exporter_build_info{_HERE})", ("exporter_build_info",), "", now=True,
        form="table",
    )  # fmt: skip
    return Panel(
        "What does each instance hold?",
        "Series exposed, size of the journal, idempotency keys remembered, series pushed by batch jobs, requests that "
        "wait for their commit, and whether the last scrape succeeded.",
        "table",
        (*queries, build),
        width=24,
        height=7,
        labels={"instance": "Instance", "version": "Version"},
        columns={title: Column(scale) for title, (_, scale) in columns.items()},
        sort="Series",
        empty="Not scraped",
    )


def _busy() -> Panel:
    return Panel(
        "Is the pipeline busy?",
        "Items in progress, by instance. High and flat while nothing finishes means that it is stuck.",
        "lines",
        (_asked("sum by (instance) (pipeline_items_in_progress@)", "pipeline_items_in_progress",
                legend="{{instance}}"),),
        Scale("short", minimum=0),
        height=10,
        empty="Not scraped",
    )  # fmt: skip


def _waits() -> tuple[Panel, ...]:
    return (
        _p95("How long does a scrape take?", "Time to render /metrics, p95 by instance; far below the scrape timeout "
             "(usually 10 s) it is fine.", "exporter_render_duration_seconds", empty="Not scraped"),
        _p95("How long does a record wait?", "Time to journal and count one group of requests, p95 by instance.",
             "exporter_commit_duration_seconds"),
        _p95("How long do snapshots block?", "Time that records waited while the journal was replaced by a snapshot, "
             "p95 by instance; senders give up after 5 s.", "exporter_compaction_duration_seconds",
             empty="No snapshot was taken"),
        Panel(
            "How big is the journal?",
            "Size of the journal on disk, by instance. It grows until it is replaced by a snapshot: a saw is healthy.",
            "lines",
            (_asked("sum by (instance) (exporter_journal_size_bytes@)", "exporter_journal_size_bytes",
                    legend="{{instance}}"),),
            Scale("bytes", 1, minimum=0),
            empty="Not scraped",
        ),
    )  # fmt: skip


def _p95(title: str, how: str, family: str, empty: str = "No traffic") -> Panel:
    text = f"histogram_quantile(0.95, sum by (instance, le) (rate({family}_bucket@[$__rate_interval])))"
    query = msgspec.structs.replace(_asked(text, family, legend="{{instance}}"), step=BUCKETS_STEP)
    return Panel(title, how, "lines", (query,), Scale("s", 1, minimum=0), empty=empty)


def _items(q: Questions) -> Panel:
    """Draw the line from what is recorded; only the dots need the family itself, whose values are dear to read.

    Grafana asks for the dots of the series that a query names. This one names them as they were long before there
    were any, so that it costs nothing and draws no line.
    """
    family = "pipeline_item_duration_seconds"
    dots = msgspec.structs.replace(_asked(f"{family}_bucket@ offset {_LONG_AGO}", family), exemplars=True)
    return Panel(
        "Which items took long?",
        "Duration of items, p95 by the way they took, of all instances. Dots are single items: pointing at one shows "
        "its `item_id`, by which its line is found in the log.",
        "lines",
        (q.rolling("item_duration_p95_seconds", by=("processing_type",)), dots),
        Scale("s", 1, minimum=0),
        colours=colours_of("processing_type", q.targets),
    )


def _configuration() -> tuple[Panel, ...]:
    return (
        Panel(
            "Which features are on?",
            "The features that the pipeline last announced, in any instance: 1 is on.",
            "table",
            (Query(f"max by (feature) (pipeline_feature_enabled{_HERE})", ("pipeline_feature_enabled",), "On", now=True,
                   form="table"),),
            width=6,
            labels={"feature": "Feature"},
            columns={"On": Column(Scale("bool_on_off"))},
            empty="Not scraped",
        ),
        Panel(
            "Which configuration is active?",
            "Versions of the configuration that are announced, with the hash of their content.",
            "table",
            (Query(f"max by (config_version, config_hash) (pipeline_config_info{_HERE})", ("pipeline_config_info",),
                   "", now=True, form="table"),),
            width=6,
            labels={"config_version": "Version", "config_hash": "Hash"},
            columns={"Hash": Column()},
            empty="No version was announced",
        ),
    )  # fmt: skip
