"""Realistic made-up traffic: every kind of event, in the proportions of a pipeline that works well (or badly).

The numbers follow the brief's picture of a healthy pipeline: about 60 % bypassed, 5/15/30/10 % exits at the four
checkpoints of those that reach them, quality about 0.75, 65-80 % of the time saved.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from pipeline.domains.content.events import (
    AbandonReason,
    CallsSaved,
    CheckpointEvaluated,
    ConfigActivated,
    ItemAbandoned,
    ItemFailed,
    ItemFinished,
    ProcessingType,
    QualityAssessed,
    ShadowJudged,
    SkipDecision,
    SkipVerdict,
    StageFault,
    StageFinished,
    StageSkipped,
)
from pipeline.domains.event import DomainEvent
from pipeline.errors import ErrorType
from pipeline.item import Scores


class Kind(msgspec.Struct, frozen=True):
    """How items of one content type are: share of the traffic, usual quality, usual seconds of full processing."""

    name: str
    share: float
    quality: float
    seconds: float
    lightweight: bool = False


KINDS = (
    Kind("discussion", 0.28, 0.72, 130.0),
    Kind("news", 0.27, 0.75, 80.0),
    Kind("education", 0.23, 0.80, 100.0),
    Kind("entertainment", 0.22, 0.66, 170.0, lightweight=True),
)


class Variant(msgspec.Struct, frozen=True):
    """A configuration under which items are processed, and how strict it is."""

    version: str
    min_overall: float
    min_confidence: float


VARIANTS = (Variant("conservative", 0.70, 0.85), Variant("aggressive", 0.60, 0.75))
# share of full processing that each stage takes
_COST = {"download": 0.02, "transcription": 0.06, "assessment": 0.02, "analyze": 0.80, "remember": 0.10}
_SIDE_BY_SIDE = {"analyze": ("analysis", "perspective", "fallacy"), "remember": ("memory", "graph", "publish")}
_EXITS = (
    ("post_download", 0.05, ("too_short", "silent"), ("download",)),
    ("post_transcription", 0.15, ("too_few_words", "unintelligible"), ("download", "transcription")),
    ("post_quality_filtering", 0.30, ("very_low_quality", "repetitive"), ("download", "transcription", "assessment")),
    ("post_analysis", 0.10, ("no_claims",), ("download", "transcription", "assessment", "analyze")),
)
_FAULTS: tuple[tuple[str, ErrorType], ...] = (
    ("download", "timeout"),
    ("download", "not_found"),
    ("download", "network"),
    ("transcription", "corrupt"),
    ("analysis", "rate_limited"),
    ("publish", "http_status"),
)
_LEAST = 0.60  # score that every dimension but the overall one must reach
_LLM_CALLS, _LLM_USD = 3, 0.004
# the truth about shadow items: the share of wrong skips by decision; by how much savings are overstated on average
WRONG_SKIPS: Mapping[SkipDecision, float] = {"quality_filter": 0.08, "content_type": 0.15, "early_exit": 0.05}
SAVINGS_BIAS, _SAVINGS_SPREAD = 0.05, 0.20


class Traffic:
    """Makes the events of one item after another.

    `fail` is the share of items that fail, `quality` shifts scores, `shadow` is the share of skipped items that are
    shadow items too, `abandon` how many items are abandoned for each other one (the other events are the same at any
    `shadow` and any `abandon`).
    """

    def __init__(
        self,
        rng: random.Random,
        *,
        variants: Sequence[Variant] = VARIANTS,
        kinds: Sequence[Kind] = KINDS,
        fail: float = 0.005,
        quality: float = 0.0,
        shadow: float = 0.02,
        abandon: float = 0.004,
    ) -> None:
        self._rng = rng
        self._variants, self._kinds = tuple(variants), tuple(kinds)
        self._fail, self._shift, self._shadow, self._abandon = fail, quality, shadow, abandon
        self._count = 0

    def start(self) -> Iterator[DomainEvent]:
        """Yield the events of the configurations coming into force."""
        for variant in self._variants:
            thresholds = {"min_overall": variant.min_overall, "min_coherence": _LEAST}
            thresholds |= {f"{point}_min_confidence": variant.min_confidence for point, *_ in _EXITS}
            features = dict.fromkeys(("quality_filtering", "content_routing", "early_exit", "dashboard_metrics"), True)
            yield ConfigActivated(_hash(variant), variant.version, thresholds, features)

    def item(self) -> list[DomainEvent]:
        """Return all events of the next item."""
        rng = self._rng
        self._count += 1
        item_id = f"simulated-{rng.getrandbits(64):016x}"
        kind = rng.choices(self._kinds, [k.share for k in self._kinds])[0]
        variant = self._variants[self._count % len(self._variants)]
        cost = kind.seconds * rng.lognormvariate(0.0, 0.45)
        beside = list(self._abandoned(kind, variant, cost, item_id))
        if rng.random() < self._fail:
            return [*self._failed(kind, variant, cost, item_id), *beside]
        events = self._finished(kind, variant, cost, item_id)
        return [*events, *self._in_shadow(events, kind, cost), *beside]

    def _abandoned(self, kind: Kind, variant: Variant, cost: float, item_id: str) -> Iterator[ItemAbandoned]:
        """Now and then another item is left before its end, by dice of its own as in the shadow sample."""
        dice = random.Random(f"abandoned {item_id}")  # noqa: S311 - traffic, no secret
        if dice.random() < self._abandon:
            reason: AbandonReason = "interrupted" if dice.random() < 0.1 else "cancelled"
            stage = dice.choice(tuple(_COST))
            spent = cost * dice.random()
            yield ItemAbandoned(reason, kind.name, spent, stage, variant.version, f"{item_id}-abandoned")

    def _failed(self, kind: Kind, variant: Variant, cost: float, item_id: str) -> list[DomainEvent]:
        stage, error_type = self._rng.choice(_FAULTS[:5])
        events: list[DomainEvent] = [
            StageFault(stage, error_type),
            ItemFailed(stage, error_type, kind.name, variant.version, item_id),
        ]
        if stage != "download":
            events.insert(0, StageFinished("download", cost * _COST["download"], item_id))
        return events

    def _finished(self, kind: Kind, variant: Variant, cost: float, item_id: str) -> list[DomainEvent]:
        events: list[DomainEvent] = []
        scores = self._scores(kind)
        margin = _margin(scores, variant.min_overall)
        steps = 0
        for checkpoint, share, reasons, done in _EXITS:
            steps = self._run_stages(events, done[steps:], cost, item_id, steps)
            if checkpoint == "post_quality_filtering":
                events.append(QualityAssessed(margin, kind.name, variant.version))
                if kind.lightweight or margin < 0:
                    reason = "content_type" if kind.lightweight else "low_quality"
                    spent = cost * (sum(_COST[step] for step in done) + 0.03)
                    return [
                        *events,
                        *self._end("lightweight", kind, variant, scores, cost, spent, item_id, bypass=reason),
                        *_skipped(done, cost - spent),
                    ]
            known = None if checkpoint in ("post_download", "post_transcription") else kind.name
            confidence = self._confidence(share)
            events.append(CheckpointEvaluated(checkpoint, known, variant.version, confidence))
            if confidence is not None and confidence >= variant.min_confidence:
                spent = cost * sum(_COST[step] for step in done)
                seen = scores if known else None
                left = (checkpoint, self._rng.choice(reasons), confidence)
                ended = self._end("early_exit", kind, variant, seen, cost, spent, item_id, left=left)
                return [*events, *ended, *_skipped(done, cost - spent)]
        self._run_stages(events, ("remember",), cost, item_id, steps)
        return [*events, *self._end("full", kind, variant, scores, cost, cost, item_id)]

    def _run_stages(
        self, events: list[DomainEvent], stages: Sequence[str], cost: float, item_id: str, steps: int
    ) -> int:
        for stage in stages:
            for name in _SIDE_BY_SIDE.get(stage, (stage,)):
                seconds = cost * _COST[stage] * self._rng.uniform(0.6, 1.0)
                events.append(StageFinished(name, seconds, item_id))
                if self._rng.random() < 0.01:
                    events.append(
                        StageFault(*self._rng.choice([f for f in _FAULTS if f[0] == name] or [(name, "timeout")]))
                    )
        return steps + len(stages)

    def _end(
        self,
        way: ProcessingType,
        kind: Kind,
        variant: Variant,
        scores: Scores | None,
        cost: float,
        spent: float,
        item_id: str,
        *,
        bypass: str | None = None,
        left: tuple[str | None, str | None, float | None] = (None, None, None),
    ) -> list[DomainEvent]:
        content_type = kind.name if scores else None
        finished = ItemFinished(
            way,
            content_type,
            scores.overall if scores else None,
            spent,
            *left,
            time_saved_pct=max(0.0, 1 - spent / cost) if way != "full" else 0.0,
            coherence=scores.coherence if scores else None,
            completeness=scores.completeness if scores else None,
            informativeness=scores.informativeness if scores else None,
            bypass_reason=bypass,  # type: ignore[arg-type]
            config_version=variant.version,
            item_id=item_id,
        )
        if way == "full" or left[0] == "post_analysis":
            return [finished]
        usd = _LLM_USD * self._rng.uniform(0.7, 1.3)
        return [finished, CallsSaved(way, _LLM_CALLS, usd, content_type, variant.version)]

    def _in_shadow(self, events: list[DomainEvent], kind: Kind, cost: float) -> Iterator[ShadowJudged]:
        """Judge a skipped item by the known truth, with dice of its own so that the other events stay as they are."""
        left = next(event for event in events if isinstance(event, ItemFinished))
        dice = random.Random(left.item_id)  # noqa: S311 - traffic, no secret
        if left.processing_type == "full" or dice.random() >= self._shadow:
            return
        bypassed: SkipDecision = "content_type" if left.bypass_reason == "content_type" else "quality_filter"
        decision: SkipDecision = "early_exit" if left.processing_type == "early_exit" else bypassed
        verdict: SkipVerdict = "wrong" if dice.random() < WRONG_SKIPS[decision] else "right"
        savings: tuple[float | None, float | None] = (None, None)
        if left.exit_checkpoint != "post_analysis":  # there is nothing left to measure
            claimed = max(0.0, cost - (left.processing_time or 0.0))
            factor = dice.lognormvariate(math.log(1 + SAVINGS_BIAS) + _SAVINGS_SPREAD**2 / 2, _SAVINGS_SPREAD)
            savings = (claimed, claimed / factor)
        yield ShadowJudged(decision, verdict, kind.name, left.config_version, *savings, left.item_id)

    def _scores(self, kind: Kind) -> Scores:
        base = kind.quality + self._shift + self._rng.gauss(0.0, 0.09)
        coherence, completeness, informativeness = (_unit(base + self._rng.gauss(0.01, 0.05)) for _ in range(3))
        mean = (coherence + completeness + informativeness) / 3
        overall = _unit(0.8 * mean + 0.2 * min(coherence, completeness, informativeness))
        return Scores(overall, coherence, completeness, informativeness)

    def _confidence(self, share: float) -> float | None:
        """Return a confidence if a condition holds; most of those that hold do so clearly."""
        if self._rng.random() >= share / 0.72:
            return None
        return _unit(self._rng.betavariate(9.0, 1.5))


def _hash(variant: Variant) -> str:
    """Return 12 hex digits, as real configurations have."""
    return hashlib.sha256(repr(variant).encode()).hexdigest()[:12]


def _skipped(done: Sequence[str], saved: float) -> Iterator[StageSkipped]:
    """Divide the seconds saved among the stages that were not taken, in proportion to their cost."""
    missing = {step: share for step, share in _COST.items() if step not in done}
    for step, share in missing.items():
        names = _SIDE_BY_SIDE.get(step, (step,))
        for name in names:
            yield StageSkipped(name, saved * share / sum(missing.values()) / len(names))


def _margin(scores: Scores, min_overall: float) -> float:
    """Return the least of score minus threshold, made here: simulated truth must not come from the code it watches."""
    others = min(scores.coherence, scores.completeness, scores.informativeness) - _LEAST
    return round(min(scores.overall - min_overall, others), 9)


def _unit(value: float) -> float:
    return min(1.0, max(0.0, value))
