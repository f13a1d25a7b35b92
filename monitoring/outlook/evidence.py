"""What is known of one configuration over a window: everything `tune` reasons from, in blocks of time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from monitoring.domains.signal import buckets_of, count_of, sum_of
from monitoring.history.blocks import Floats, History, Key
from monitoring.history.histograms import Buckets, assemble
from monitoring.history.sound import SoundHistory
from pipeline.domains.content.events import SHORTCUTS
from pipeline.domains.content.families import (
    BYPASSES,
    CHECKPOINT_EVALUATIONS,
    EARLY_EXITS,
    EXIT_CANDIDATE_CONFIDENCE,
    FEATURE_ENABLED,
    ITEMS,
    QUALITY_MARGIN,
    QUALITY_SCORE,
    SHADOW_ITEMS,
    STAGE_DURATION,
    THRESHOLD,
    TIME_SAVED,
    TIME_SPENT,
)
from pipeline.domains.content.savings import savings_share
from pipeline.metrics.family import UNSPECIFIED, Family

Table = dict[Key, Floats]
Histograms = dict[Key, Buckets]
QUERIES = 22  # asked in all
SWITCHES = ("quality_filtering", "content_routing", "early_exit")  # that decide which way items go
WAY = ("processing_type", "content_type")
OF_FULL = {"processing_type": "full", "dimension": "overall"}  # the scores of what people got
FEW = 200.0  # items, below which they are counted anew: limits are 100 and less, extrapolation adds or loses some
_TABLES = ("items", "spent", "saved", "bypasses", "score_sums", "evaluations", "exits", "shadow", "stages")
_HISTOGRAMS = ("scores", "margins", "candidates")
_DISAGREED = 0.5  # a switch that is on in one process and off in another


class Today(msgspec.Struct, frozen=True):
    """What counters say of all blocks together; nan where a family is not there."""

    bypass_rate: float
    quality: float
    time_savings: float


class Evidence(msgspec.Struct, frozen=True):
    """Rises per block (b) of one configuration. Keys are label values in the order their comment names."""

    version: str
    others: dict[str, float]  # items under other versions in the window
    thresholds: dict[str, float]  # in force, as the pipeline exposed them
    switches: dict[str, bool]  # of SWITCHES, those that gauges tell
    changed: tuple[str, ...]  # what changed within the window, so that what lies before is left out
    blocks: int
    items: Table  # way, type
    spent: Table  # way, type: s
    saved: Table  # way, type: s
    bypasses: Table  # reason, type
    scores: Histograms  # dimension, way, type
    score_sums: Table  # dimension, way, type
    margins: Histograms  # type
    candidates: Histograms  # checkpoint
    evaluations: Table  # checkpoint
    exits: Table  # checkpoint
    shadow: Table  # decision, verdict
    stages: Table  # stage: s, of all configurations
    counted: tuple[float, float] | None = None  # items finished, and those assessed, over all blocks at once
    today: Today | None = None  # as counted over all blocks at once
    broken: tuple[str, ...] = ()  # counters that hold no count, and what is done about them; one sentence each

    def __repr__(self) -> str:
        """Return few words: `asyncio.run` prints what it returns (to nobody), which took longer than the questions."""
        return f"Evidence({self.version!r}, blocks={self.blocks})"

    def total(self, table: Mapping[Key, Floats], *wanted: str | None) -> float:
        """Return the sum over all blocks of the entries whose key begins so (None: any)."""
        return sum(
            float(values.sum())
            for key, values in table.items()
            if all(want in (None, part) for want, part in zip(wanted, key, strict=False))
        )

    def finished(self) -> float:
        """Return the items that left the pipeline."""
        return self.total(self.items)

    def numbers(self) -> tuple[int, int]:
        """Return how many items left the pipeline and how many were assessed, exactly where they were counted so."""
        finished, assessed = (self.finished(), self.assessed()) if self.counted is None else self.counted
        return round(finished), round(assessed)

    def assessed(self) -> float:
        """Return the items whose overall score is known."""
        return sum(float(h.counts.sum()) for (dimension, *_), h in self.scores.items() if dimension == "overall")

    def content_types(self) -> list[str]:
        """Return the known content types of which items were seen, the most frequent first."""
        counts: dict[str, float] = {}
        for (_, kind), values in self.items.items():
            counts[kind] = counts.get(kind, 0.0) + float(values.sum())
        return sorted((k for k, n in counts.items() if k != UNSPECIFIED and n >= 1), key=lambda k: -counts[k])

    def shortcuts(self) -> float:
        """Return the items that skipped work."""
        return sum(self.total(self.items, way) for way in SHORTCUTS)

    def tells_seconds(self) -> bool:
        """Tell whether savings are known: seconds spent, and seconds saved unless nothing took a shortcut."""
        return self.total(self.spent) > 0 and (self.total(self.saved) > 0 or self.shortcuts() < 1)

    def between(self, first: int, last: int, *changed: str) -> Evidence:
        """Return what is known of the blocks from `first` to before `last`; `changed`: what is new with the first."""
        changes: dict[str, Any] = {
            "blocks": last - first,
            "changed": (*self.changed, *changed),
            "counted": None,
            "today": None,
        }
        for name in _TABLES:
            table: Table = getattr(self, name)
            changes[name] = {key: values[first:last] for key, values in table.items()}
        for name in _HISTOGRAMS:
            found: Histograms = getattr(self, name)
            changes[name] = {key: Buckets(one.edges, one.counts[first:last]) for key, one in found.items()}
        return msgspec.structs.replace(self, **changes)

    def activity(self) -> Floats:
        """Return the finished items of each block."""
        return sum(self.items.values(), np.zeros(self.blocks))


async def read_evidence(server: History, version: str | None = None) -> Evidence | None:
    """Ask for everything; without a version, for the one with most items. None: nothing was seen of it.

    Raises PrometheusError.
    """
    history = SoundHistory(server)
    seen = await history.increases(ITEMS.name, ("config_version", "instance"))
    counts: dict[str, float] = {}
    for (name, _), values in seen.items():
        counts[name] = counts.get(name, 0.0) + float(values.sum())
    chosen = version if version is not None else max(counts, key=lambda name: counts[name], default=None)
    if chosen is None or not (counts.get(chosen) or (history.left_out.any() and chosen in counts)):
        return None
    history = SoundHistory(server)  # what other configurations count is not its business
    where = {"config_version": chosen}
    exposed = await server.levels(THRESHOLD.name, ("threshold", "instance"), where)
    levels = _greatest(exposed)
    mine = {instance for (name, instance), values in seen.items() if name == chosen and values.sum() > 0}
    told = await server.levels(FEATURE_ENABLED.name, ("feature", "instance"))
    switches = _switches({key: values for key, values in told.items() if key[1] in mine}, exposed)
    stable = {"thresholds": _stable_from(levels)}
    stable |= {f"the switch {name}": _stable_from({(name,): states}) for (name,), states in switches.items()}
    first = max(stable.values())
    asked = _Asked(history, where, first)
    found = Evidence(
        chosen,
        {name: n for name, n in counts.items() if name != chosen and n >= 1},
        _last(levels),
        {name: state > 0 for name, state in _last(switches).items() if state != _DISAGREED},
        tuple(what for what, at in stable.items() if at > 0),
        history.blocks - first,
        items=await asked.counter(ITEMS.name, WAY),
        spent=await asked.counter(TIME_SPENT.name, WAY),
        saved=await asked.counter(TIME_SAVED.name, WAY),
        bypasses=await asked.counter(BYPASSES.name, ("reason", "content_type")),
        scores=await asked.histogram(QUALITY_SCORE, ("dimension", *WAY)),
        score_sums=await asked.counter(sum_of(QUALITY_SCORE).series, ("dimension", *WAY), needed=False),
        margins=await asked.histogram(QUALITY_MARGIN, ("content_type",)),
        candidates=await asked.histogram(EXIT_CANDIDATE_CONFIDENCE, ("checkpoint",)),
        evaluations=await asked.counter(CHECKPOINT_EVALUATIONS.name, ("checkpoint",)),
        exits=await asked.counter(EARLY_EXITS.name, ("checkpoint",)),
        shadow=await asked.counter(SHADOW_ITEMS.name, ("decision", "verdict")),
        stages=await asked.counter(sum_of(STAGE_DURATION).series, ("pipeline_stage",), everywhere=True, needed=False),
    )
    return _without_broken(found, history, first)


def _without_broken(evidence: Evidence, history: SoundHistory, first: int) -> Evidence:
    """Return evidence with nothing in the blocks in which a counter held no count."""
    out, changes = history.left_out[first:], dict[str, Any]()
    if out.any():
        for name in _TABLES:
            table: Table = getattr(evidence, name)
            changes[name] = {key: np.where(out, 0.0, values) for key, values in table.items()}
        for name in _HISTOGRAMS:
            found: Histograms = getattr(evidence, name)
            changes[name] = {
                key: Buckets(one.edges, np.where(out[:, None], 0.0, one.counts)) for key, one in found.items()
            }
    return msgspec.structs.replace(evidence, broken=history.broken(first), **changes)


async def recounted(history: History, evidence: Evidence) -> Evidence:
    """Return evidence with what is said of today counted over all blocks at once. Raises PrometheusError.

    Blocks are extrapolated each for itself, which is exact to a scrape in a block. Where items are so few that limits
    decide, they are counted by the samples themselves. Where a counter holds no count the blocks are all that is known.
    """
    if evidence.broken:
        return evidence
    where, since = {"config_version": evidence.version}, history.blocks - evidence.blocks
    few = evidence.finished() < FEW
    full = {**where, **OF_FULL}

    async def total(series: str, narrowed: Mapping[str, str] = where) -> float:
        return sum((await history.totals(series, (), narrowed, since)).values())

    count = history.counts if few else history.totals
    items = await count(ITEMS.name, ("processing_type",), where, since)
    finished = sum(items.values())
    spent, saved = [await total(family.name) for family in (TIME_SPENT, TIME_SAVED)]
    score, scored = [await total(of(QUALITY_SCORE).series, full) for of in (sum_of, count_of)]
    today = Today(
        _share(sum(items.get((way,), 0.0) for way in SHORTCUTS), finished),
        _share(score, scored),
        savings_share(saved, spent) if evidence.tells_seconds() else math.nan,
    )
    overall = {**where, "dimension": "overall", "le": "+Inf"}
    assessed = await count(buckets_of(QUALITY_SCORE).series, (), overall, since)
    counted = (finished, sum(assessed.values()))
    return msgspec.structs.replace(evidence, today=today, counted=counted if all(map(math.isfinite, counted)) else None)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan


class _Asked:
    """Asks for one configuration, from one block on."""

    def __init__(self, history: SoundHistory, where: Mapping[str, str], first: int) -> None:
        self._history, self._where, self._first = history, where, first

    async def counter(self, series: str, by: Key, *, everywhere: bool = False, needed: bool = True) -> Table:
        found = await self._history.increases(series, by, None if everywhere else self._where, needed=needed)
        return {key: values[self._first :] for key, values in found.items()}

    async def histogram(self, family: Family, by: Key) -> Histograms:
        found = await self.counter(buckets_of(family).series, (*by, "le"))
        return assemble(found, self._history.blocks - self._first)


def _greatest(levels: Table) -> Table:
    """Return the greatest level over all instances; the last part of each key is the instance."""
    found: Table = {}
    for key, values in levels.items():
        found[key[:-1]] = np.fmax(found.get(key[:-1], values), values)
    return found


def _switches(told: Table, exposed: Table) -> Table:
    """Return the state of each switch in each block: 1, 0, half for processes that disagree, nan where nobody tells.

    An exporter shows every switch at 0 until a pipeline has told its configuration, thresholds and all. So a 0 counts
    only where the same instance exposes thresholds, in the block and in the one after it.
    """
    active = {
        instance: np.isfinite(v) for (instance,), v in _greatest({key[::-1]: v for key, v in exposed.items()}).items()
    }
    found: Table = {}
    for name in SWITCHES:
        rows = []
        for (feature, instance), values in told.items():
            if feature == name:
                there = active.get(instance, np.zeros(len(values), dtype=bool))
                rows.append(np.where((values > 0) | (there & np.append(there[1:], True)), values, np.nan))
        if rows and np.isfinite(rows).any():
            some, on = np.isfinite(rows).sum(axis=0), (np.nan_to_num(rows) > 0).sum(axis=0)
            states = np.where(on == 0, 0.0, np.where(on == some, 1.0, _DISAGREED))
            found[name,] = np.where(some == 0, np.nan, states)
    return found


def _stable_from(levels: Table) -> int:
    """Return the first block throughout which some gauges stood where they stand at the end."""
    first = 0
    for values in levels.values():
        seen = np.flatnonzero(np.isfinite(values))
        different = seen[np.abs(values[seen] - values[seen[-1]]) > 1e-9] if len(seen) else seen
        if len(different):  # it changed in the block after the last one that ended with another value
            later = seen[seen > different[-1]]
            first = max(first, int(later[0]) + 1)
    return first


def _last(levels: Table) -> dict[str, float]:
    finite = {key[0]: values[np.isfinite(values)] for key, values in levels.items()}
    return {name: float(values[-1]) for name, values in finite.items() if len(values)}
