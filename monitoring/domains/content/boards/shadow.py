"""Panels about the shadow sample, which tells what the shortcuts cost and whether the savings are true."""

from __future__ import annotations

import msgspec

from monitoring.compile.dashboards.queries import Questions
from monitoring.compile.dashboards.scales import COUNT, GREEN, GREY, RED, YELLOW, scale_of, target_of
from monitoring.domains.board import Column, Panel, Query, Scale
from monitoring.wording.durations import format_duration

NO_SAMPLE = "No shadow sample"
_WHY = "A small share of skipped items is processed in full all the same (`shadow_rate` in config/pipeline.yaml)"
_STEP = "10m"  # the window is a day: nothing changes faster
ENDS = {"wrong_skip_rate_low": "at least", "wrong_skip_rate_high": "at most"}
_ENDS = "So few items leave it open where between `at least` and `at most` the true share lies (95 % interval)."
_DECISIONS = {"quality_filter": "blue", "content_type": "orange", "early_exit": "purple"}
_OFF = Scale(
    "percentunit", 1, steps=((None, RED), (-0.25, YELLOW), (-0.1, GREEN), (0.1, YELLOW), (0.25, RED))
)  # fmt: skip


def wrong_skips(q: Questions) -> Panel:
    """Return the share of skips that were wrong."""
    return Panel(
        "How many skips were wrong?",
        f"{_WHY}; this share of them was worth it after all. It is what the shortcuts cost in content. {_ENDS} "
        "These two rest on whole hours.",
        "number",
        (
            q.whole("wrong_skip_rate", target_of("wrong_skip_rate", q.targets, "wrong")),
            *(q.whole(name, title) for name, title in ENDS.items()),
        ),
        scale_of("wrong_skip_rate", q.targets),
        width=12,
        height=4,
        empty=NO_SAMPLE,
    )


def savings_off(q: Questions) -> Panel:
    """Return by how much the estimate of savings is off."""
    return Panel(
        "Are the savings overstated?",
        f"{_WHY}, so that what the skips truly saved is known: above 0 the estimate claims too much, below 0 "
        "too little.",
        "number",
        (_off(q.whole("savings_claim", "claimed too much")),),
        _OFF,
        width=6,
        height=4,
        empty=NO_SAMPLE,
    )


def sample_size(q: Questions) -> Panel:
    """Return how many items these rest on."""
    return Panel(
        "How many items say so?",
        f"{_WHY}; with fewer than some hundred of them the two numbers beside are rough.",
        "number",
        (q.whole("shadow_items", "shadow items"),),
        COUNT,
        width=6,
        height=4,
        empty=NO_SAMPLE,
    )


def by_decision(q: Questions) -> tuple[Panel, ...]:
    """Return which decisions are wrong, over the range and over time."""
    by, wrong = ("decision",), scale_of("wrong_skip_rate", q.targets)
    shares = {"wrong_skip_rate": "Wrong", "wrong_skip_rate_low": "At least", "wrong_skip_rate_high": "At most"}
    return (
        Panel(
            "Which decisions are wrong?",
            f"{_WHY}. For each decision that skips items: how many were in the sample, and the share that was worth "
            f"full processing after all. {_ENDS} These two rest on whole hours.",
            "table",
            (
                q.whole("shadow_items", "Shadow items", by=by, form="table"),
                *(q.whole(name, title, by=by, form="table") for name, title in shares.items()),
                _off(q.whole("savings_claim", "Savings overstated by", by=by, form="table")),
            ),
            width=24,
            height=6,
            labels={"decision": "Decision"},
            columns={
                "Shadow items": Column(COUNT),
                **dict.fromkeys(shares.values(), Column(wrong)),
                "Savings overstated by": Column(_OFF),
            },
            sort="Shadow items",
            empty=NO_SAMPLE,
        ),
        Panel(
            "Do wrong skips become more?",
            f"Share of the shadow sample that was worth full processing after all, over {_over(q)}. {_ENDS} Dashed "
            "lines are the bands from monitoring.yaml.",
            "lines",
            tuple(q.rolling(name, title, step=_STEP) for name, title in {"wrong_skip_rate": "wrong", **ENDS}.items()),
            wrong,
            marks=True,
            colours={"wrong": "blue", **dict.fromkeys(ENDS.values(), GREY)},
            empty=NO_SAMPLE,
        ),
        Panel(
            "Which decisions become worse?",
            f"Share of the shadow sample that was worth full processing after all, over {_over(q)}, by the decision "
            "that had skipped it.",
            "lines",
            (q.rolling("wrong_skip_rate", by=by, step=_STEP),),
            msgspec.structs.replace(wrong, minimum=0),
            colours=_DECISIONS,
            empty=NO_SAMPLE,
        ),
    )


def _over(q: Questions) -> str:
    return f"a rolling window of {format_duration(q.targets.bands['wrong_skip_rate'].window)}"


def errors(q: Questions) -> tuple[Panel, ...]:
    """Return how far off the estimates are, item by item and in all."""
    return (
        Panel(
            "How far off are single estimates?",
            "Error of the estimated saving of each shadow item, (estimated - true) / true, hour by hour: lighter is "
            "more items. Single items scatter; what counts is that they lie around 0.",
            "heatmap",
            (q.buckets("savings_error_p50_ratio"),),
            Scale("percentunit", 0),
            empty=NO_SAMPLE,
        ),
        Panel(
            "Do the estimates drift?",
            "By how much the estimated savings of the shadow sample exceed the true ones, over a rolling day. Dashed "
            "lines are 10 % and 25 % off.",
            "lines",
            (_off(q.daily("savings_claim", "claimed too much")),),
            _OFF,
            marks=True,
            empty=NO_SAMPLE,
            colours={"claimed too much": "blue"},
        ),
    )


def _off(query: Query) -> Query:
    return msgspec.structs.replace(query, expr=f"{query.expr} - 1")
