"""Simulated worlds with a known truth: items are drawn, decided, counted, and scraped into series.

    world = World()
    drawn = draw(world, rng, items=20_000, seconds=7 * 86_400)
    finished = decide(world, drawn)          # by each arm's own thresholds
    series(finished, start + scrapes)        # cumulative counters and histograms, as an exporter shows them

The same draw can be decided under other thresholds: that is the truth of "what would have happened".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.backfill import Floats, Series
from pipeline.domains import catalogue
from pipeline.domains.content.labels import CHECKPOINTS, DIMENSIONS

Integers = NDArray[np.int64]
WAYS = ("full", "lightweight", "early_exit")
_SHARES = (0.02, 0.08, 0.10, 0.90)  # of full processing, spent when a checkpoint is reached
_LIGHT = 0.13  # of full processing, spent on an item that goes the lightweight way
_DECIMALS = 9  # as in pipeline.decisions.quality: so that an edge is an edge


class Kind(msgspec.Struct, frozen=True):
    """One content type: share of the traffic, mean score, mean seconds of full processing, mode of routing."""

    name: str
    share: float
    quality: float
    seconds: float
    mode: str = "quality_check"


class Arm(msgspec.Struct, frozen=True):
    """One configuration: least score of each dimension, least confidence of each checkpoint; effects of its own."""

    version: str = "balanced"
    thresholds: tuple[float, float, float, float] = (0.65, 0.60, 0.60, 0.60)
    confidences: tuple[float, float, float, float] = (0.85, 0.80, 0.75, 0.45)
    share: float = 1.0
    quality: float = 0.0  # added to the scores of this arm's items
    costs: float = 1.0  # factor on what its shortcuts spend


class World(msgspec.Struct, frozen=True):
    """Distributions. `shock` is the spread of a common shift of all scores, drawn anew every `period` seconds."""

    kinds: tuple[Kind, ...] = (
        Kind("discussion", 0.28, 0.70, 130.0),
        Kind("news", 0.27, 0.64, 80.0),
        Kind("education", 0.25, 0.72, 100.0),
        Kind("entertainment", 0.20, 0.60, 170.0),
    )
    arms: tuple[Arm, ...] = (Arm(),)
    held: tuple[float, float, float, float] = (0.08, 0.12, 0.20, 0.10)  # share of items at which a condition holds
    spread: float = 0.09  # of items' quality about their type's mean
    own: float = 0.05  # of a dimension about its item's quality
    shock: float = 0.0
    period: float = 7200.0
    fail: float = 0.01
    filtering: bool = True
    exits: bool = True
    reasons: bool = True  # senders say why an item was bypassed
    dimensions: tuple[str, ...] = DIMENSIONS  # whose scores senders tell
    began: tuple[str, ...] | None = None  # the modes of `kinds` in the first half of the time; None: the same


class Drawn(msgspec.Struct, frozen=True):
    """Items before any decision; arrays of one length n, `scores` and `confidences` (nan: nothing held) n x 4."""

    times: Floats  # seconds since the start
    kind: Integers
    arm: Integers
    scores: Floats
    confidences: Floats
    cost: Floats
    failed: NDArray[np.bool_]


class Finished(msgspec.Struct, frozen=True):
    """What became of them: `way` is an index of WAYS, `left` of CHECKPOINTS (-1: none), seconds spent and saved.

    `routed`: bypassed for their type.
    """

    world: World
    drawn: Drawn
    way: Integers
    left: Integers
    routed: NDArray[np.bool_]
    margin: Floats
    spent: Floats
    saved: Floats


def draw(world: World, rng: np.random.Generator, items: int, seconds: float) -> Drawn:
    """Draw items that arrive evenly (Poisson) over `seconds`."""
    times = np.sort(rng.uniform(0.0, seconds, items))
    kind = rng.choice(len(world.kinds), items, p=_normal([k.share for k in world.kinds]))
    arm = rng.choice(len(world.arms), items, p=_normal([a.share for a in world.arms]))
    shocks = rng.normal(0.0, world.shock, int(seconds // world.period) + 1)[(times // world.period).astype(np.int64)]
    base = np.array([k.quality for k in world.kinds])[kind] + shocks + rng.normal(0.0, world.spread, items)
    base += np.array([a.quality for a in world.arms])[arm]
    three = np.clip(base[:, None] + rng.normal(0.01, world.own, (items, 3)), 0.0, 1.0)
    overall = 0.8 * three.mean(axis=1) + 0.2 * three.min(axis=1)
    held = rng.uniform(size=(items, 4)) < np.array(world.held)
    confidences = np.where(held, rng.beta(9.0, 1.5, (items, 4)), np.nan)
    cost = np.array([k.seconds for k in world.kinds])[kind] * rng.lognormal(0.0, 0.45, items)
    scores = np.column_stack([overall, three])
    return Drawn(times, kind, arm, scores, confidences, cost, rng.uniform(size=items) < world.fail)


def decide(world: World, drawn: Drawn, arms: Sequence[Arm] | None = None) -> Finished:
    """Take every item its way, by the thresholds of its arm (or of others in their place)."""
    chosen = tuple(arms or world.arms)
    thresholds = np.array([a.thresholds for a in chosen])[drawn.arm]
    margin = np.round(drawn.scores - thresholds, _DECIMALS).min(axis=1)
    modes = np.array([k.mode for k in world.kinds])[drawn.kind]
    if world.began is not None:
        first_half = drawn.times < drawn.times[-1] / 2
        modes = np.where(first_half, np.array(world.began)[drawn.kind], modes)
    light = (modes == "lightweight") | ((modes == "quality_check") & (margin < 0) & world.filtering)
    leaves = drawn.confidences >= np.array([a.confidences for a in chosen])[drawn.arm]
    leaves &= world.exits
    way = np.zeros(len(margin), dtype=np.int64)
    left = np.full(len(margin), -1, dtype=np.int64)
    for point in (3, 2):
        left[leaves[:, point]] = point
    way[left >= 0] = 2
    way[light], left[light] = 1, -1
    for point in (1, 0):
        way[leaves[:, point]], left[leaves[:, point]] = 2, point
    routed = (way == 1) & (modes == "lightweight")
    share = np.choose(way, [1.0, _LIGHT, np.array(_SHARES)[left]])
    share = np.where(way == 0, 1.0, share * np.array([a.costs for a in chosen])[drawn.arm])
    return Finished(world, drawn, way, left, routed, margin, drawn.cost * share, drawn.cost * (1.0 - share))


def series(
    finished: Finished,
    times: Floats,
    *,
    start: float,
    resets: Sequence[float] = (),
    families: Collection[str] = (),
    labels: Mapping[str, str] | None = None,
) -> Iterator[Series]:
    """Yield what scrapes at `times` (Unix seconds; the items begin at `start`) see of the content families.

    `resets`: Unix seconds at which the process restarts and its counters begin anew. `families`: only these. `labels`:
    those that the scrape adds.
    """
    counted = _Counted(finished, times, start, resets, families, {"job": "pipeline"} if labels is None else labels)
    yield from counted.items()
    yield from counted.scores()
    yield from counted.checkpoints()
    yield from counted.thresholds()


class _Counted:
    def __init__(
        self,
        finished: Finished,
        times: Floats,
        start: float,
        resets: Sequence[float],
        families: Collection[str],
        target: Mapping[str, str],
    ) -> None:
        self._families, self._target = families, target
        drawn, world = finished.drawn, finished.world
        self._finished, self._world, self._times = finished, world, times
        self._slot = np.searchsorted(times, drawn.times + start)  # the first scrape that sees an item
        self._resets = np.searchsorted(times, np.array(sorted(resets)))
        self._ok = ~drawn.failed
        self._assessed = self._ok & ((finished.way != 2) | (finished.left >= 2))
        names = np.array([*(k.name for k in world.kinds), "unspecified"])
        self._type = np.where(self._assessed | drawn.failed, drawn.kind, len(names) - 1)
        self._names = names
        self._versions = [a.version for a in world.arms]

    def items(self) -> Iterator[Series]:
        """Yield items, seconds, bypasses, failures."""
        f = self._finished
        for way, kind, arm, chosen in self._groups():
            labels = {"processing_type": WAYS[way], **self._labels(kind, arm)}
            yield from self._counter("pipeline_items_total", labels, chosen)
            yield from self._counter("pipeline_time_spent_seconds_total", labels, chosen, f.spent)
            yield from self._counter("pipeline_time_saved_seconds_total", labels, chosen, f.saved)
            yield from self._histogram("pipeline_item_duration_seconds", labels, chosen, f.spent)
            if WAYS[way] == "lightweight" and self._world.reasons:
                for reason, why in (("content_type", f.routed), ("low_quality", ~f.routed)):
                    because = {"reason": reason, **self._labels(kind, arm)}
                    yield from self._counter("pipeline_bypasses_total", because, chosen & why)
        for kind in range(len(self._world.kinds)):
            for arm in range(len(self._versions)):
                chosen = f.drawn.failed & (f.drawn.kind == kind) & (f.drawn.arm == arm)
                labels = {"pipeline_stage": "analysis", "error_type": "timeout", **self._labels(kind, arm)}
                yield from self._counter("pipeline_failures_total", labels, chosen)

    def scores(self) -> Iterator[Series]:
        """Yield the scores of finished items, and the margins of assessed ones."""
        f = self._finished
        for way, kind, arm, chosen in self._groups():
            if kind == len(self._world.kinds):
                continue
            labels = {"processing_type": WAYS[way], **self._labels(kind, arm)}
            for n, dimension in enumerate(DIMENSIONS):
                if dimension not in self._world.dimensions:
                    continue
                yield from self._histogram(
                    "pipeline_quality_score", {"dimension": dimension, **labels}, chosen, f.drawn.scores[:, n]
                )
        for kind in range(len(self._world.kinds)):
            for arm in range(len(self._versions)):
                chosen = self._assessed & (f.drawn.kind == kind) & (f.drawn.arm == arm)
                yield from self._histogram(
                    "pipeline_quality_margin_ratio", self._labels(kind, arm), chosen, np.clip(f.margin, -1.0, 1.0)
                )

    def checkpoints(self) -> Iterator[Series]:
        """Yield evaluations, candidates, exits."""
        f = self._finished
        reached = self._ok.copy()
        for n, checkpoint in enumerate(CHECKPOINTS):
            if n == 2:
                reached &= f.way != 1
            held = reached & ~np.isnan(f.drawn.confidences[:, n])
            for arm, version in enumerate(self._versions):
                mine, own = f.drawn.arm == arm, {"checkpoint": checkpoint, "config_version": version}
                yield from self._histogram(
                    "pipeline_exit_candidate_confidence", own, held & mine, f.drawn.confidences[:, n]
                )
                for kind in range(len(self._names) - 1) if n >= 2 else (len(self._names) - 1,):
                    known = mine & ((f.drawn.kind == kind) | (n < 2))  # before the assessment no type is known
                    labels = {"checkpoint": checkpoint, **self._labels(kind, arm)}
                    yield from self._counter("pipeline_checkpoint_evaluations_total", labels, reached & known)
                    left = self._ok & (f.left == n) & known
                    yield from self._counter("pipeline_early_exits_total", {"reason": "held", **labels}, left)
            reached &= f.left != n

    def thresholds(self) -> Iterator[Series]:
        """Yield the thresholds in force."""
        for arm in self._world.arms if self._wanted("pipeline_threshold_ratio") else ():
            given = dict(zip((f"min_{d}" for d in DIMENSIONS), arm.thresholds, strict=True))
            given |= dict(zip((f"{c}_min_confidence" for c in CHECKPOINTS), arm.confidences, strict=True))
            for name, value in given.items():
                labels = {"threshold": name, "config_version": arm.version, **self._target}
                yield Series("pipeline_threshold_ratio", labels, self._times, np.full(len(self._times), value))

    def _groups(self) -> Iterator[tuple[int, int, int, NDArray[np.bool_]]]:
        f = self._finished
        for way in range(len(WAYS)):
            for kind in range(len(self._names)):
                for arm in range(len(self._versions)):
                    yield (
                        way,
                        kind,
                        arm,
                        self._ok & (f.way == way) & (self._type == kind) & (f.drawn.arm == arm),
                    )

    def _labels(self, kind: int, arm: int) -> dict[str, str]:
        return {"content_type": str(self._names[kind]), "config_version": self._versions[arm]}

    def _counter(
        self, name: str, labels: Mapping[str, str], chosen: NDArray[np.bool_], weights: Floats | None = None
    ) -> Iterator[Series]:
        if not self._wanted(name):
            return
        given = None if weights is None else weights[chosen]
        counts = np.bincount(self._slot[chosen], weights=given, minlength=len(self._times) + 1)[: len(self._times)]
        yield Series(name, {**labels, **self._target}, self._times, self._cumulated(counts.astype(np.float64)))

    def _histogram(
        self, name: str, labels: Mapping[str, str], chosen: NDArray[np.bool_], values: Floats
    ) -> Iterator[Series]:
        if not self._wanted(name):
            return
        edges = catalogue.family(name).buckets
        width, height = len(edges) + 1, len(self._times) + 1
        bucket = np.searchsorted(edges, values[chosen])
        counts = np.bincount(self._slot[chosen] * width + bucket, minlength=width * height).reshape(height, width)
        below = self._cumulated(counts[:-1].cumsum(axis=1).astype(np.float64))
        for n, edge in enumerate((*edges, float("inf"))):
            le = {**labels, "le": "+Inf" if edge == float("inf") else str(float(edge)), **self._target}
            yield Series(f"{name}_bucket", le, self._times, below[:, n])
        if edges[0] < 0:  # as prometheus_client does: a sum that can fall is no counter
            return
        given = np.bincount(self._slot[chosen], weights=values[chosen], minlength=height)[:-1]
        yield Series(f"{name}_sum", {**labels, **self._target}, self._times, self._cumulated(given))
        yield Series(f"{name}_count", {**labels, **self._target}, self._times, below[:, -1])

    def _wanted(self, name: str) -> bool:
        return not self._families or name in self._families

    def _cumulated(self, counts: Any) -> Any:
        total = counts.cumsum(axis=0)
        for begin, end in pairwise([*self._resets, len(total)]):
            if begin:
                total[begin:end] -= counts[:begin].sum(axis=0)
        return total


def _normal(shares: Sequence[float]) -> Floats:
    return np.array(shares) / sum(shares)
