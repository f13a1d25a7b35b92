"""Panels about the shadow sample, which tells what the shortcuts cost and whether the savings are true."""

from __future__ import annotations

from monitoring.domains.ask import Ask, TargetOr
from monitoring.domains.board import Column, Panel
from monitoring.domains.scale import COUNT, GREEN, GREY, RED, YELLOW, Banded, Scale

_NO_SAMPLE = "No shadow sample"
_WHY = "A small share of skipped items is processed in full all the same (`shadow_rate` in config/pipeline.yaml)"
_STEP = "10m"  # the window is a day: nothing changes faster
_ENDS = {"wrong_skip_rate_low": "at least", "wrong_skip_rate_high": "at most"}
_OPEN = "So few items leave it open where between `at least` and `at most` the true share lies (95 % interval)."
_SHARES = {"wrong_skip_rate": "Wrong", "wrong_skip_rate_low": "At least", "wrong_skip_rate_high": "At most"}
_LESS_ONE = "@ - 1"
_OFF = Scale(
    "percentunit", 1, steps=((None, RED), (-0.25, YELLOW), (-0.1, GREEN), (0.1, YELLOW), (0.25, RED))
)  # fmt: skip

WRONG_SKIPS = Panel(
    "How many skips were wrong?",
    f"{_WHY}; this share of them was worth it after all. It is what the shortcuts cost in content. {_OPEN} "
    "These two rest on whole hours.",
    "number",
    (
        Ask("whole", "wrong_skip_rate", TargetOr("wrong")),
        *(Ask("whole", signal, words) for signal, words in _ENDS.items()),
    ),
    Banded("wrong_skip_rate"),
    width=12,
    height=4,
    empty=_NO_SAMPLE,
)
SAVINGS_OFF = Panel(
    "Are the savings overstated?",
    f"{_WHY}, so that what the skips truly saved is known: above 0 the estimate claims too much, below 0 too little.",
    "number",
    (Ask("whole", "savings_claim", "claimed too much", made=_LESS_ONE),),
    _OFF,
    width=6,
    height=4,
    empty=_NO_SAMPLE,
)
SAMPLE_SIZE = Panel(
    "How many items say so?",
    f"{_WHY}; with fewer than some hundred of them the two numbers beside are rough.",
    "number",
    (Ask("whole", "shadow_items", "shadow items"),),
    COUNT,
    width=6,
    height=4,
    empty=_NO_SAMPLE,
)
BY_DECISION = (
    Panel(
        "Which decisions are wrong?",
        f"{_WHY}. For each decision that skips items: how many were in the sample, and the share that was worth full "
        f"processing after all. {_OPEN} These two rest on whole hours.",
        "table",
        (
            Ask("whole", "shadow_items", "Shadow items", by=("decision",)),
            *(Ask("whole", signal, title, by=("decision",)) for signal, title in _SHARES.items()),
            Ask("whole", "savings_claim", "Savings overstated by", by=("decision",), made=_LESS_ONE),
        ),
        width=24,
        height=6,
        labels={"decision": "Decision"},
        columns={
            "Shadow items": Column(COUNT),
            **dict.fromkeys(_SHARES.values(), Column(Banded("wrong_skip_rate"))),
            "Savings overstated by": Column(_OFF),
        },
        sort="Shadow items",
        empty=_NO_SAMPLE,
    ),
    Panel(
        "Do wrong skips become more?",
        "Share of the shadow sample that was worth full processing after all, over a rolling window of {window}. "
        f"{_OPEN} Dashed lines are the bands from monitoring.yaml.",
        "lines",
        tuple(
            Ask("rolling", signal, words, step=_STEP) for signal, words in {"wrong_skip_rate": "wrong", **_ENDS}.items()
        ),
        Banded("wrong_skip_rate"),
        marks="always",
        colours={"wrong": "blue", **dict.fromkeys(_ENDS.values(), GREY)},
        empty=_NO_SAMPLE,
    ),
    Panel(
        "Which decisions become worse?",
        "Share of the shadow sample that was worth full processing after all, over a rolling window of {window}, by "
        "the decision that had skipped it.",
        "lines",
        (Ask("rolling", "wrong_skip_rate", by=("decision",), step=_STEP),),
        Banded("wrong_skip_rate", minimum=0),
        colours="decision",
        empty=_NO_SAMPLE,
    ),
)
ERRORS = (
    Panel(
        "How far off are single estimates?",
        "Error of the estimated saving of each shadow item, (estimated - true) / true, hour by hour: lighter is more "
        "items. Single items scatter; what counts is that they lie around 0.",
        "heatmap",
        (Ask("buckets", "savings_error_p50_ratio"),),
        Scale("percentunit", 0),
        empty=_NO_SAMPLE,
    ),
    Panel(
        "Do the estimates drift?",
        "By how much the estimated savings of the shadow sample exceed the true ones, over a rolling day. Dashed lines "
        "are 10 % and 25 % off.",
        "lines",
        (Ask("daily", "savings_claim", "claimed too much", made=_LESS_ONE),),
        _OFF,
        marks="always",
        empty=_NO_SAMPLE,
        colours={"claimed too much": "blue"},
    ),
)
