"""Every signal, named once: what is watched, compared, drawn and told is one of these.

A signal says which families it is made of, which way is good, and by which labels it may be split. How it becomes
PromQL is `monitoring/promql/expressions.py`; the rules made from it are `monitoring/alerts/recording_rules.py`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pipeline.metrics.family import Domain

Kind = Literal["ratio", "mean", "quantile", "share", "gauge", "total", "low", "high"]
Unit = Literal[
    "ratio", "score", "seconds", "usd", "items", "calls", "records", "series", "bytes", "requests", "timestamp"
]
Good = Literal["high", "low", "neither"]
Function = Literal["increase", "sum_over_time", "count_over_time", "none"]
Where = tuple[tuple[str, tuple[str, ...]], ...]

JOB = "pipeline"  # the scrape job of the exporter

_SPLIT = ("job", "content_type", "config_version")
_ITEM_SPLIT = (*_SPLIT, "processing_type")


class Term(msgspec.Struct, frozen=True):
    """One summand: a series, the label values that count (`where`), and how it is taken over a window."""

    series: str
    where: Where = ()
    function: Function = "increase"


class Signal(msgspec.Struct, frozen=True):
    """A named quantity.

    ratio, mean: sum of `numerator` over sum of `denominator`, each summed apart. quantile: of the buckets in
    `numerator`, at `quantile`. share: observations above the bucket edge `edge`, of those in `denominator`. total: sum
    of `numerator` over a window. gauge: `numerator` as it stands. low, high: the ends of the 95 % interval of the ratio
    named `of`. `volume`: what `min_items` counts (the denominator unless said otherwise). `splits`: labels it may be
    split by. `plural`: the title is a plural.
    """

    name: str
    title: str
    help: str
    kind: Kind
    unit: Unit
    numerator: tuple[Term, ...]
    denominator: tuple[Term, ...] = ()
    volume: tuple[Term, ...] = ()
    good: Good = "neither"
    splits: tuple[str, ...] = _SPLIT
    quantile: float = 0.0
    edge: float = 0.0
    of: str = ""
    domain: Domain = "pipeline"
    plural: bool = False

    @property
    def verb(self) -> str:
        """What follows the title in a sentence: mean quality is, time savings are."""
        return "are" if self.plural else "is"

    @property
    def recorded(self) -> bool:
        """Whether recording rules keep it; what the exporter says of itself is little and is asked for as it is."""
        return self.domain != "exporter"

    @property
    def counted(self) -> tuple[Term, ...]:
        """What `min_items` counts over the window."""
        return self.volume or self.denominator


def _items(*ways: str) -> Term:
    return Term("pipeline_items_total", (("processing_type", ways),) if ways else ())


def _scores(dimension: str) -> tuple[Term, Term]:
    """Sum and count of one dimension's scores of items processed in full: what people got."""
    where = (("dimension", (dimension,)), ("processing_type", ("full",)))
    return Term("pipeline_quality_score_sum", where), Term("pipeline_quality_score_count", where)


def _quality(dimension: str, name: str, title: str) -> Signal:
    total, count = _scores(dimension)
    text = f"Mean {dimension} score of items processed in full."
    return Signal(name, title, text, "mean", "score", (total,), (count,), good="high")


def _ends(ratio: Signal) -> tuple[Signal, Signal]:
    """Return the ends of the interval of a ratio that counts independent items: how much so few of them can tell."""
    low, high = (
        msgspec.structs.replace(
            ratio,
            name=f"{ratio.name}_{kind}",
            title=f"{ratio.title} ({words})",
            help=f"{end} end of the 95 % interval of `{ratio.name}`, by Wilson's score (1927).",
            kind=kind,
            of=ratio.name,
        )
        for kind, words, end in (("low", "at least", "Lower"), ("high", "at most", "Upper"))
    )
    return low, high


def _total(name: str, title: str, text: str, unit: Unit, series: str, **more: object) -> Signal:
    return Signal(name, title, text, "total", unit, (Term(series),), **more)  # type: ignore[arg-type]


_SAVED, _SPENT = Term("pipeline_time_saved_seconds_total"), Term("pipeline_time_spent_seconds_total")
_FAILED = Term("pipeline_failures_total")
_UP = (("job", (JOB,)),)

_WRONG_SKIPS = Signal(
    "wrong_skip_rate",
    "Wrong skips",
    "Shadow items that were worth processing in full after all, of all shadow items (docs/shadow.md).",
    "ratio",
    "ratio",
    (Term("pipeline_shadow_items_total", (("verdict", ("wrong",)),)),),
    (Term("pipeline_shadow_items_total"),),
    good="low",
    splits=(*_SPLIT, "decision"),
    plural=True,
)

_CONTENT = (
    Signal(
        "bypass_rate",
        "Bypass rate",
        "Items that skipped work (lightweight or early exit) of all finished items.",
        "ratio",
        "ratio",
        (_items("lightweight", "early_exit"),),
        (_items(),),
    ),
    Signal(
        "early_exit_rate",
        "Early-exit rate",
        "Items that left at a checkpoint, of all finished items.",
        "ratio",
        "ratio",
        (_items("early_exit"),),
        (_items(),),
    ),
    Signal(
        "early_exit_share",
        "Early-exit share",
        "Items that left at a checkpoint, of the finished items that did not go the lightweight way.",
        "ratio",
        "ratio",
        (_items("early_exit"),),
        (_items("full", "early_exit"),),
    ),
    _quality("overall", "quality_score_avg", "Mean quality"),
    _quality("coherence", "coherence_avg", "Mean coherence"),
    _quality("completeness", "completeness_avg", "Mean completeness"),
    _quality("informativeness", "informativeness_avg", "Mean informativeness"),
    Signal(
        "time_savings",
        "Time savings",
        "Time that shortcuts saved, of what full processing would have taken: saved / (saved + spent).",
        "ratio",
        "ratio",
        (_SAVED,),
        (_SAVED, _SPENT),
        volume=(_items(),),
        good="high",
        splits=_ITEM_SPLIT,
        plural=True,
    ),
    Signal(
        "error_rate",
        "Error rate",
        "Items that ended failed, of all that failed or finished.",
        "ratio",
        "ratio",
        (_FAILED,),
        (_FAILED, _items()),
        good="low",
    ),
    Signal(
        "availability",
        "Availability",
        "Scrapes of the exporter that succeeded, of all.",
        "ratio",
        "ratio",
        (Term("up", _UP, "sum_over_time"),),
        (Term("up", _UP, "count_over_time"),),
        good="high",
        splits=("job",),
    ),
    Signal(
        "item_duration_p95_seconds",
        "Item duration (p95)",
        "The duration that 95 % of finished items stay below.",
        "quantile",
        "seconds",
        (Term("pipeline_item_duration_seconds_bucket"),),
        (Term("pipeline_item_duration_seconds_count"),),
        good="low",
        splits=_ITEM_SPLIT,
        quantile=0.95,
    ),
    Signal(
        "item_duration_avg_seconds",
        "Mean item duration",
        "Mean wall time of a finished item.",
        "mean",
        "seconds",
        (Term("pipeline_item_duration_seconds_sum"),),
        (Term("pipeline_item_duration_seconds_count"),),
        splits=_ITEM_SPLIT,
    ),
    Signal(
        "stage_duration_p95_seconds",
        "Stage duration (p95)",
        "The duration that 95 % of one stage's runs stay below.",
        "quantile",
        "seconds",
        (Term("pipeline_stage_duration_seconds_bucket"),),
        (Term("pipeline_stage_duration_seconds_count"),),
        good="low",
        splits=("job", "pipeline_stage"),
        quantile=0.95,
    ),
    Signal(
        "stage_duration_avg_seconds",
        "Mean stage duration",
        "Mean wall time of one stage for one item.",
        "mean",
        "seconds",
        (Term("pipeline_stage_duration_seconds_sum"),),
        (Term("pipeline_stage_duration_seconds_count"),),
        splits=("job", "pipeline_stage"),
    ),
    Signal(
        "checkpoint_exit_rate",
        "Exit rate of checkpoints",
        "Items that left at a checkpoint, of those that it was asked about.",
        "ratio",
        "ratio",
        (Term("pipeline_early_exits_total"),),
        (Term("pipeline_checkpoint_evaluations_total"),),
        splits=(*_SPLIT, "checkpoint"),
    ),
    Signal(
        "exit_confidence_avg",
        "Mean exit confidence",
        "Mean confidence of the exits taken.",
        "mean",
        "score",
        (Term("pipeline_exit_confidence_sum"),),
        (Term("pipeline_exit_confidence_count"),),
        good="high",
        splits=("job", "checkpoint"),
    ),
    Signal(
        "exit_confidence_p10",
        "Exit confidence (p10)",
        "The confidence that 90 % of the exits taken exceed.",
        "quantile",
        "score",
        (Term("pipeline_exit_confidence_bucket"),),
        (Term("pipeline_exit_confidence_count"),),
        good="high",
        splits=("job", "checkpoint"),
        quantile=0.1,
    ),
    Signal(
        "exit_candidate_confidence_p50",
        "Confidence where an exit condition held (median)",
        "The median confidence whenever an exit condition held, whether the item left or not.",
        "quantile",
        "score",
        (Term("pipeline_exit_candidate_confidence_bucket"),),
        (Term("pipeline_exit_candidate_confidence_count"),),
        splits=("job", "config_version", "checkpoint"),
        quantile=0.5,
    ),
    Signal(
        "above_threshold_share",
        "Items above the thresholds",
        "Assessed items whose scores exceeded all quality thresholds, of all assessed.",
        "share",
        "ratio",
        (Term("pipeline_quality_margin_ratio_bucket"),),
        (Term("pipeline_quality_margin_ratio_count"),),
        good="high",
        edge=0.0,
    ),
    _WRONG_SKIPS,
    *_ends(_WRONG_SKIPS),
    Signal(
        "savings_claim",
        "Savings claimed",
        "Time that the skips of shadow items were estimated to save, of what they truly saved; 1 is exact.",
        "ratio",
        "ratio",
        (Term("pipeline_shadow_estimated_saved_seconds_total"),),
        (Term("pipeline_shadow_true_saved_seconds_total"),),
        volume=(Term("pipeline_shadow_items_total"),),
        splits=(*_SPLIT, "decision"),
    ),
    Signal(
        "savings_error_p50_ratio",
        "Error of an estimated saving (median)",
        "Median error of the estimated savings of single shadow items: (estimated - true) / true.",
        "quantile",
        "ratio",
        (Term("pipeline_shadow_savings_error_ratio_bucket"),),
        (Term("pipeline_shadow_savings_error_ratio_count"),),
        quantile=0.5,
    ),
    Signal(
        "quality_above_070_share",
        "Items of good quality",
        "Items processed in full that scored above 0.70, of those that were scored.",
        "share",
        "ratio",
        (Term("pipeline_quality_score_bucket", _scores("overall")[1].where),),
        (_scores("overall")[1],),
        good="high",
        edge=0.70,
    ),
    _total(
        "items", "Items finished", "Items that left the pipeline.", "items", "pipeline_items_total", splits=_ITEM_SPLIT
    ),
    _total(
        "failures",
        "Items failed",
        "Items that ended failed.",
        "items",
        "pipeline_failures_total",
        good="low",
        splits=(*_SPLIT, "pipeline_stage"),
    ),
    _total(
        "bypasses",
        "Items bypassed",
        "Items that went the lightweight way, by the reason.",
        "items",
        "pipeline_bypasses_total",
        splits=(*_SPLIT, "reason"),
    ),
    _total(
        "early_exits",
        "Early exits",
        "Items that left at a checkpoint.",
        "items",
        "pipeline_early_exits_total",
        splits=(*_SPLIT, "checkpoint", "reason"),
    ),
    _total(
        "checkpoint_evaluations",
        "Checkpoint evaluations",
        "Times a checkpoint was asked.",
        "items",
        "pipeline_checkpoint_evaluations_total",
        splits=(*_SPLIT, "checkpoint"),
    ),
    _total(
        "shadow_items",
        "Shadow items",
        "Skipped items that were processed in full all the same, to see whether the skip was right.",
        "items",
        "pipeline_shadow_items_total",
        splits=(*_SPLIT, "decision", "verdict"),
    ),
    _total(
        "saved_seconds",
        "Time saved",
        "Time that full processing would have cost beyond what was spent.",
        "seconds",
        "pipeline_time_saved_seconds_total",
        good="high",
        splits=_ITEM_SPLIT,
    ),
    _total(
        "spent_seconds",
        "Time spent",
        "Time spent on finished items.",
        "seconds",
        "pipeline_time_spent_seconds_total",
        splits=_ITEM_SPLIT,
    ),
    _total(
        "saved_usd",
        "Cost saved",
        "Cost of the model calls that shortcuts saved.",
        "usd",
        "pipeline_cost_saved_usd_total",
        good="high",
        splits=_ITEM_SPLIT,
    ),
    _total(
        "saved_llm_calls",
        "Model calls saved",
        "Model calls that shortcuts made unnecessary.",
        "calls",
        "pipeline_llm_calls_saved_total",
        good="high",
        splits=_ITEM_SPLIT,
    ),
    _total(
        "stage_runs",
        "Stage runs",
        "Times that stages ran.",
        "items",
        "pipeline_stage_duration_seconds_count",
        splits=("job", "pipeline_stage"),
    ),
    _total(
        "stage_seconds",
        "Time in stages",
        "Time that stages ran.",
        "seconds",
        "pipeline_stage_duration_seconds_sum",
        splits=("job", "pipeline_stage"),
    ),
    _total(
        "stage_saved_seconds",
        "Time saved in stages",
        "Time that shortcuts saved, by the stage that full processing would have spent it in.",
        "seconds",
        "pipeline_stage_time_saved_seconds_total",
        good="high",
        splits=("job", "pipeline_stage"),
    ),
    _total(
        "stage_errors",
        "Stage faults",
        "Faults that stages met, those survived included.",
        "items",
        "pipeline_stage_errors_total",
        good="low",
        splits=("job", "pipeline_stage", "error_type"),
    ),
)

_EXPORTER = (
    _total("records", "Records applied", "Records applied, each exactly once.", "records", "exporter_records_total",
           splits=("job", "instance"), domain="exporter"),
    _total("rejected_records", "Records refused", "Records refused, by the reason.", "records",
           "exporter_rejected_records_total", good="low", splits=("job", "instance", "reason"), domain="exporter"),
    _total("duplicate_records", "Repeated records", "Records repeated and not applied again.", "records",
           "exporter_duplicate_records_total", splits=("job", "instance"), domain="exporter"),
    _total("incomplete_records", "Incomplete records", "Records counted, but without what savings need.", "records",
           "exporter_incomplete_records_total", good="low", splits=("job", "instance", "reason"), domain="exporter"),
    _total("label_overflow", "Label overflow", "Label values that became `other`.", "records",
           "exporter_label_overflow_total", good="low", splits=("job", "instance", "label"), domain="exporter"),
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
        domain="exporter",
    ),
)  # fmt: skip

SIGNALS: dict[str, Signal] = {signal.name: signal for signal in (*_CONTENT, *_EXPORTER)}


def ends_of(name: str) -> tuple[Signal, ...]:
    """Return the lower and the upper end of a signal's interval; nothing for one that has none."""
    return tuple(signal for signal in SIGNALS.values() if signal.of == name)


def signal(name: str) -> Signal:
    """Return the signal of that name. Raises LookupError."""
    try:
        return SIGNALS[name]
    except KeyError:
        raise LookupError(f"signal {name!r} is not declared in monitoring/domains/catalogue.py") from None
