"""What shortcuts save, and what they would save if items went other ways: from the seconds that were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from monitoring.history.blocks import Floats
from monitoring.history.histograms import Range, exactly
from monitoring.history.ratios import share_of
from monitoring.outlook.stratum import Basis, Moves, Stratum
from pipeline.domains.content.events import PROCESSING_TYPES
from pipeline.domains.content.savings import in_full

Seconds = tuple[Floats, Floats]  # spent, saved; replicates
_FEW = 10.0  # items of a way below which what it costs is taken from all types
_EARLY_STAGES = ("download", "transcription", "assessment", "summary", "memory")  # what a lightweight item goes through
_VARIATION = 1.0  # of an item's seconds, over their mean; only used where blocks are too few


class Costs:
    """Seconds spent and saved, of every content type and way."""

    def __init__(self, basis: Basis, strata: Sequence[Stratum]) -> None:
        self._seconds = {(s.name, way): _seconds(basis, s, way) for s in strata for way in s.counts}
        self._light = self._share_spent("lightweight", sum((s.light for s in strata), np.zeros(())))
        if self._light is None:
            self._light = _from_stages(basis, np.ones_like(strata[0].full)) if strata else exactly(np.ones(1))
        self._exit_share = self._share_spent("early_exit", sum((s.exits for s in strata), np.zeros(())))

    def counted(self) -> Seconds:
        """Return the seconds saved, and what everything in full would have cost, as they were counted."""
        saved = sum((saved for _, saved in self._seconds.values()), np.zeros(1))
        return saved, saved + sum((spent for spent, _ in self._seconds.values()), np.zeros(1))

    def under(self, stratum: Stratum, moves: Moves, stays: Range) -> tuple[Range, Floats]:
        """Return the seconds saved, and what everything in full would have cost.

        `stays`: by which factor more or fewer items pass all checkpoints. An item that goes another way is taken to
        cost what items of its type and way cost on average.
        """
        mine = {way: self._seconds[stratum.name, way] for way in stratum.counts}
        ways = {way: mine[way] for way in PROCESSING_TYPES}
        cost = sum((in_full(saved, spent) for spent, saved in mine.values()), np.zeros(()))
        now = sum((saved for _, saved in mine.values()), np.zeros(()))
        light, leave = self._light_share(stratum), self._exit_savings(stratum)
        cases = []
        for side, other in (("low", "high"), ("point", "point"), ("high", "low")):
            spends = getattr(light, other)
            more = _each(ways["full"], stratum.full) * (1 - spends) * getattr(moves.lost, side)
            more = more - share_of(ways["lightweight"][1], stratum.light) * getattr(moves.gained, other)
            for change, moved in (
                (_each(ways["early_exit"], stratum.exits) * (1 - leave - spends), moves.earlier),
                (_each(ways["lightweight"], stratum.light) * (leave - 1 + spends), moves.later),
            ):
                more = more + change * np.where(change > 0, getattr(moved, side), getattr(moved, other))
            passing = np.maximum(stratum.full - moves.lost.point + moves.gained.point, 0.0)
            more = more + passing * (1 - getattr(stays, other)) * _each(ways["full"], stratum.full) * leave
            cases.append(np.clip(now + more, 0.0, cost))
        return Range(*cases), cost

    def _light_share(self, stratum: Stratum) -> Range:
        """Return which share of full processing a lightweight item of a type costs."""
        assert self._light is not None
        spent, saved = self._seconds[stratum.name, "lightweight"]
        if stratum.light[0] >= _FEW and saved[0] > 0:
            return exactly(share_of(spent, in_full(saved, spent)))
        return self._light

    def _exit_savings(self, stratum: Stratum) -> Floats:
        """Return which share of full processing an early exit saves."""
        spent, saved = self._seconds[stratum.name, "early_exit"]
        if stratum.exits[0] >= _FEW and saved[0] > 0:
            return share_of(saved, in_full(saved, spent))
        return stratum.full * 0.0 if self._exit_share is None else 1 - self._exit_share.point

    def _share_spent(self, way: str, count: Floats) -> Range | None:
        spent, saved = (
            sum((seconds[n] for (_, one), seconds in self._seconds.items() if one == way), np.zeros(())) for n in (0, 1)
        )
        if not count.ndim or count[0] < _FEW or saved[0] <= 0:
            return None
        return exactly(share_of(spent, in_full(saved, spent)))


def _each(seconds: Seconds, items: Floats) -> Floats:
    """Return what one item would have cost in full."""
    return share_of(in_full(seconds[1], seconds[0]), items)


def _seconds(basis: Basis, stratum: Stratum, way: str) -> Seconds:
    evidence, none = basis.evidence, np.zeros(basis.evidence.blocks)
    key = (way, stratum.name)
    spent, saved, items = (table.get(key, none) for table in (evidence.spent, evidence.saved, evidence.items))
    if basis.resampling.by_blocks:
        return basis.resampling.counts(spent), basis.resampling.counts(saved)
    cost = basis.resampling.sums(in_full(saved, spent), items, stratum.counts[way], _VARIATION)
    share = float(saved.sum()) / max(float(in_full(saved, spent).sum()), 1e-9)
    return cost * (1 - share), cost * share


def _from_stages(basis: Basis, one: Floats) -> Range:
    """Return what a lightweight item would cost, where none was seen: by its stages, half as much to twice as much."""
    stages: Mapping[str, float] = {key[0]: float(values.sum()) for key, values in basis.evidence.stages.items()}
    whole = sum(stages.values())
    if whole <= 0:
        return Range(one * 0.0, one * 0.5, one)
    share = sum(stages.get(name, 0.0) for name in _EARLY_STAGES) / whole
    return Range(one * share / 2, one * share, one * min(1.0, share * 2))
