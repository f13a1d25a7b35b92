"""One configuration's figures over a window, as replicates: what `compare` compares.

Content types are strata: figures are put together with the same shares of types in both arms (post-stratification,
Holt & Smith 1979), so that a different mix does not decide. Items that left before their type was known keep the share
they have in their own arm: leaving early is what the configuration did, not what it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import numpy as np

from monitoring.domains.signal import buckets_of, count_of, sum_of
from monitoring.history.blocks import Floats, History, Key
from monitoring.history.histograms import Buckets, Distribution, assemble
from monitoring.history.resampling import Resampling
from monitoring.history.sound import SoundHistory
from monitoring.outlook.evidence import FEW, OF_FULL, WAY
from pipeline.domains.content.events import PROCESSING_TYPES, SHORTCUTS
from pipeline.domains.content.families import FAILURES, ITEM_DURATION, ITEMS, QUALITY_SCORE, TIME_SAVED, TIME_SPENT
from pipeline.domains.content.savings import in_full
from pipeline.metrics.family import UNSPECIFIED

Table = dict[Key, Floats]
QUERIES = 8  # asked for each arm
_VARIATION = 1.0  # where no duration was recorded


class ArmBlocks(msgspec.Struct, frozen=True):
    """What rose in each block under one configuration; keys are (way, type) or (type,)."""

    version: str
    items: Table
    spent: Table
    saved: Table
    failed: Table
    scores: Table  # sum of overall scores of items processed in full
    scored: Table
    spread: float  # standard deviation of one score
    variation: Mapping[str, float]  # of one item's duration, over its mean, by way
    counted: Mapping[str, float] | None = (
        None  # finished items by type, from the samples themselves; where limits decide
    )
    tells_failures: bool = True  # somebody exposes failures at all
    broken: tuple[str, ...] = ()  # counters that hold no count, and what is done about them; one sentence each

    def __repr__(self) -> str:
        """Return few words, see `Evidence.__repr__`."""
        return f"ArmBlocks({self.version!r})"

    def activity(self, blocks: int) -> Floats:
        """Return the finished items of each block."""
        return sum(self.items.values(), np.zeros(blocks))

    def finished(self, kind: str | None = None) -> float:
        """Return the finished items of one content type, or of all; exactly where they were counted so."""
        if self.counted is not None:
            return sum(n for name, n in self.counted.items() if kind in (None, name))
        return sum(float(v.sum()) for key, v in self.items.items() if kind in (None, key[-1]))

    def tells_seconds(self) -> bool:
        """Tell whether savings are known: seconds spent, and seconds saved unless nothing took a shortcut."""
        spent, saved = (sum(float(v.sum()) for v in table.values()) for table in (self.spent, self.saved))
        short = sum(float(v.sum()) for (way, _), v in self.items.items() if way in SHORTCUTS)
        return spent > 0 and (saved > 0 or short < 1)

    def types(self) -> set[str]:
        """Return the content types of which anything was seen."""
        seen = {key[-1] for table in (self.items, self.failed) for key, values in table.items() if values.sum() > 0}
        return seen - {UNSPECIFIED}


async def read_arm(server: History, version: str) -> ArmBlocks:
    """Ask for one arm. Raises PrometheusError."""
    history = SoundHistory(server)
    where = {"config_version": version}
    full = {**where, **OF_FULL}
    buckets = await history.increases(buckets_of(QUALITY_SCORE).series, ("content_type", "le"), full)
    durations = await history.increases(
        buckets_of(ITEM_DURATION).series, ("processing_type", "le"), where, needed=False
    )
    failures = await history.increases(FAILURES.name, ("config_version", "content_type"))
    items = await history.increases(ITEMS.name, WAY, where)
    spent = await history.increases(TIME_SPENT.name, WAY, where)
    saved = await history.increases(TIME_SAVED.name, WAY, where)
    scores = await history.increases(sum_of(QUALITY_SCORE).series, ("content_type",), full)
    scored = await history.increases(count_of(QUALITY_SCORE).series, ("content_type",), full)
    broken, counted = history.broken(), None
    items = history.kept(items)
    if 0 < sum(float(values.sum()) for values in items.values()) < FEW and not broken:
        found = await server.counts(ITEMS.name, ("content_type",), where, 0)
        counted = {key[0]: count for key, count in found.items()}
    return ArmBlocks(
        version,
        items,
        history.kept(spent),
        history.kept(saved),
        history.kept({key[1:]: values for key, values in failures.items() if key[0] == version}),
        history.kept(scores),
        history.kept(scored),
        _deviation(_pooled(history.kept(buckets)), history.blocks),
        {key[0]: _variation(histogram) for key, histogram in assemble(durations, history.blocks).items()},
        counted,
        bool(failures),
        broken,
    )


def _pooled(buckets: Table) -> Table:
    found: Table = {}
    for (*_, le), values in buckets.items():
        found[(le,)] = found.get((le,), np.zeros_like(values)) + values
    return found


def _whole(buckets: Buckets) -> Distribution:
    return Distribution(Buckets(buckets.edges, buckets.counts.sum(axis=0)[None]))


def _deviation(buckets: Table, blocks: int) -> float:
    return next((_whole(found).variance() ** 0.5 for found in assemble(buckets, blocks).values()), 0.0)


def _variation(buckets: Buckets) -> float:
    found = _whole(buckets)
    mean = float(found.sum_all()[0]) / max(float(found.total[0]), 1e-9)
    return found.variance() ** 0.5 / mean if mean > 0 else _VARIATION


class Arm:
    """Replicates (r) of one arm's counts and sums, by stratum; `strata` are content types."""

    def __init__(self, blocks: ArmBlocks, strata: tuple[str, ...], resampling: Resampling, size: int) -> None:
        self._zero = np.zeros(size)
        self._resampling = resampling
        self.version = blocks.version
        names = (*strata, UNSPECIFIED)
        self.finished: dict[str, Floats] = {}
        self.early: dict[str, Floats] = {}
        self.failed: dict[str, Floats] = {}
        self.handled: dict[str, Floats] = {}  # finished or failed
        self.cost: dict[str, Floats] = {}
        self.saved: dict[str, Floats] = {}
        self.scored: dict[str, Floats] = {}
        self.scores: dict[str, Floats] = {}
        self._tells_seconds, self._tells_failures = blocks.tells_seconds(), blocks.tells_failures
        for name in names:
            self._add(blocks, name, strata)

    def _add(self, blocks: ArmBlocks, name: str, strata: tuple[str, ...]) -> None:
        def is_mine(key: Key) -> bool:
            return key[-1] == name or (name == UNSPECIFIED and key[-1] not in strata)

        empty = self._resampling.counts(self._zero)
        self.finished[name], self.cost[name], self.saved[name] = empty, empty, empty
        self.early[name] = self._resampling.counts(self._total(blocks.items, is_mine, "early_exit"))
        for way in sorted({key[0] for key in blocks.items} | set(PROCESSING_TYPES)):
            items = self._total(blocks.items, is_mine, way)
            counts = self.early[name] if way == "early_exit" else self._resampling.counts(items)
            saved, spent = (self._total(table, is_mine, way) for table in (blocks.saved, blocks.spent))
            cost = self._resampling.sums(in_full(saved, spent), items, counts, blocks.variation.get(way, _VARIATION))
            self.finished[name] = self.finished[name] + counts
            self.cost[name] = self.cost[name] + (cost if self._tells_seconds else np.nan)
            self.saved[name] = self.saved[name] + self._share(cost, saved, spent)
        failed = self._resampling.counts(self._total(blocks.failed, is_mine))
        self.failed[name] = failed if self._tells_failures else failed * np.nan
        self.handled[name] = self.finished[name] + self.failed[name]
        scored = self._total(blocks.scored, is_mine)
        scores = self._total(blocks.scores, is_mine)
        self.scored[name] = self._resampling.counts(scored)
        mean = scores.sum() / max(scored.sum(), 1e-9)
        self.scores[name] = self._resampling.sums(
            scores, scored, self.scored[name], blocks.spread / mean if mean > 0 else 0.0
        )

    def _share(self, cost: Floats, saved: Floats, spent: Floats) -> Floats:
        if self._resampling.by_blocks:
            return self._resampling.counts(saved)
        whole = float(in_full(saved, spent).sum())
        return cost * (float(saved.sum()) / whole if whole > 0 else 0.0)

    def _total(self, table: Table, is_mine: Callable[[Key], bool], way: str | None = None) -> Floats:
        wanted = [v for key, v in table.items() if is_mine(key) and (way is None or key[0] == way)]
        return sum(wanted, self._zero)
