"""One content type: how many of its items went which way, and how many would go another one under another plan."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from monitoring.history.blocks import Floats
from monitoring.history.histograms import Buckets, Distribution, Range, exactly
from monitoring.history.ratios import share_of
from monitoring.history.resampling import Resampling
from monitoring.outlook.evidence import Evidence
from monitoring.outlook.observed import Observed, assessed_exits, margins_of
from monitoring.outlook.population import Margins, Population
from pipeline.decisions.routing import Mode
from pipeline.domains.content.events import PROCESSING_TYPES
from pipeline.domains.content.labels import DIMENSIONS


class Plan(msgspec.Struct, frozen=True):
    """A configuration to think about: thresholds by dimension, confidences by checkpoint, modes by content type."""

    thresholds: tuple[float, float, float, float]
    confidences: Mapping[str, float]
    modes: Mapping[str, Mode]


class Basis(msgspec.Struct, frozen=True):
    """What all content types share: the evidence and what was seen in it, the plan in force, how it is resampled."""

    evidence: Evidence
    plan: Plan
    resampling: Resampling
    observed: Observed

    def replicated(self, buckets: Buckets) -> Buckets:
        """Return the replicates (r, buckets) of a histogram in blocks."""
        return Buckets(buckets.edges, self.resampling.counts(buckets.counts))


class Moves(msgspec.Struct, frozen=True):
    """Items that would go another way: full -> lightweight and back, early exit -> lightweight and back."""

    lost: Range
    gained: Range
    earlier: Range
    later: Range


class Stratum:
    """One content type (`name`) under the configuration in force; all counts are replicates (r).

    `others`: items that went a way that is none of ours; they stay as they are.
    """

    def __init__(self, name: str, basis: Basis) -> None:
        self.name = name
        self.mode: Mode = basis.plan.modes[name]
        self.seen = basis.observed.of(name)
        foreign = sorted({way for way, kind in basis.evidence.items if kind == name} - {*PROCESSING_TYPES})
        self.counts = {way: self._counts(basis, way) for way in (*PROCESSING_TYPES, *foreign)}
        self.full, self.light, self.exits = (self.counts[way] for way in PROCESSING_TYPES)
        self.others: Floats = sum((self.counts[way] for way in foreign), self.full * 0.0)
        self.items: Floats = sum(self.counts.values(), np.zeros(()))
        self.late = self._late(basis)  # exits after the assessment
        self.kept = self._population(basis, "full", self.full)
        self.left = self._population(basis, "early_exit", self.late)
        self.bypassed = self._population(basis, "lightweight", self.light)
        self.leaving = share_of(self.late, self.full + self.late)

    def moves(self, plan: Plan) -> Moves:
        """Return which items would go another way."""
        none, mode = exactly(self.full * 0.0), plan.modes[self.name]
        if self.seen.doubt:
            return self._doubtful(plan)
        if mode == "lightweight":
            return Moves(exactly(self.full), none, exactly(self.late), none)
        if mode == "full":
            passing = exactly(self.light)
            return Moves(none, self._staying(passing), none, self._going(passing))
        return self._checked(plan)

    def _checked(self, plan: Plan) -> Moves:
        none = exactly(self.full * 0.0)
        passing = self.bypassed.failing(plan.thresholds).rest(self.light).clipped(0.0, np.inf)
        lost, earlier = (population.failing(plan.thresholds) for population in (self.kept, self.left))
        if self.seen.mixed:  # they left whatever their scores: those below may leave as before
            earlier = none.or_else(earlier)
        return Moves(lost, self._staying(passing), earlier, self._going(passing))

    def _doubtful(self, plan: Plan) -> Moves:
        """Return what any of the modes may do that the type may have: nobody knows which it will go by."""
        none, found = exactly(self.full * 0.0), self._checked(plan)
        lost, gained, earlier, later = found.lost, found.gained, found.earlier, found.later
        if "full" in self.seen.possible:
            lost, earlier = lost.or_else(none), earlier.or_else(none)
            gained, later = gained.or_else(exactly(self.light)), later.or_else(exactly(self.light))
        if "lightweight" in self.seen.possible:
            lost, earlier = lost.or_else(exactly(self.full)), earlier.or_else(exactly(self.late))
            gained, later = gained.or_else(none), later.or_else(none)
        return Moves(lost, gained, earlier, later)

    def _staying(self, passing: Range) -> Range:
        """Return how many of those newly let in reach the end.

        They leave at a later checkpoint as often as others of their type, or never, or up to twice as often.
        """
        often = np.minimum(1.0, 2.0 * self.leaving)
        return Range(passing.low * (1 - often), passing.point * (1 - self.leaving), passing.high)

    def _going(self, passing: Range) -> Range:
        often = np.minimum(1.0, 2.0 * self.leaving)
        return Range(passing.low * 0.0, passing.point * self.leaving, passing.high * often)

    def _counts(self, basis: Basis, way: str) -> Floats:
        return basis.resampling.counts(basis.evidence.items.get((way, self.name), np.zeros(basis.evidence.blocks)))

    def _late(self, basis: Basis) -> Floats:
        exits = float(self.exits[0])
        late = assessed_exits(basis.evidence, self.name)
        if (scored := basis.evidence.scores.get(("overall", "early_exit", self.name))) is not None:
            counted = basis.replicated(scored).counts.sum(axis=1)
            if counted[0] >= late > 0:
                late_ones: Floats = np.minimum(self.exits, counted)
                return late_ones
        found: Floats = self.exits * (late / exits if exits > 0 else 0.0)
        return found

    def _population(self, basis: Basis, way: str, count: Floats) -> Population:
        evidence = basis.evidence
        scores = {}
        for n, dimension in enumerate(DIMENSIONS):
            histogram = evidence.scores.get((dimension, way, self.name))
            if histogram is not None and histogram.counts.sum() > 0:
                sums = evidence.score_sums.get((dimension, way, self.name))
                mean = None if sums is None else float(sums.sum()) / float(histogram.counts.sum())
                scores[n] = Distribution(basis.replicated(histogram), ceiling=1.0, mean=mean)
        standing = self.seen.standing(way)
        margins = evidence.margins.get((self.name,)) if self.seen.margins else None
        known = None
        if margins is not None and margins.counts.sum() > 0:
            assessed = {"full": self.full, "early_exit": self.late, "lightweight": self.light}
            like = [n for other, n in assessed.items() if other != way and self.seen.standing(other) == standing]
            known = Margins(margins_of(basis.replicated(margins)), sum(like, self.full * 0.0))
        return Population(count, scores, standing, basis.plan.thresholds, known)
