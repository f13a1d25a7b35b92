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
from monitoring.outlook.population import Margins, Population, Standing
from pipeline.decisions.routing import Mode
from pipeline.domains.content.labels import DIMENSIONS


class Plan(msgspec.Struct, frozen=True):
    """A configuration to think about: thresholds by dimension, confidences by checkpoint, modes by content type."""

    thresholds: tuple[float, float, float, float]
    confidences: Mapping[str, float]
    modes: Mapping[str, Mode]


class Basis(msgspec.Struct, frozen=True):
    """What all content types share: the evidence, the plan in force, how it is resampled, whether the filter was on."""

    evidence: Evidence
    plan: Plan
    resampling: Resampling
    filtering: bool

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
    """One content type (`name`) under the configuration in force; all counts are replicates (r)."""

    def __init__(self, name: str, basis: Basis) -> None:
        self.name = name
        self.mode: Mode = basis.plan.modes[name]
        self.full, self.light, self.exits = (self._counts(basis, way) for way in ("full", "lightweight", "early_exit"))
        self.items: Floats = self.full + self.light + self.exits
        none = self.full * 0.0
        scored = basis.evidence.scores.get(("overall", "early_exit", name))
        assessed = none if scored is None else basis.replicated(scored).counts.sum(axis=1)
        self.late: Floats = np.minimum(self.exits, assessed)  # exits after the assessment
        self.kept = self._population(basis, "full", self.full, self.late)
        self.left = self._population(basis, "early_exit", self.late, self.full)
        self.bypassed = self._population(basis, "lightweight", self.light, none)
        self.leaving = share_of(self.late, self.full + self.late)

    def moves(self, plan: Plan) -> Moves:
        """Return which items would go another way."""
        none, mode = exactly(self.full * 0.0), plan.modes[self.name]
        if mode == "lightweight":
            return Moves(exactly(self.full), none, exactly(self.late), none)
        if mode == "full":
            passing = exactly(self.light)
            return Moves(none, self._staying(passing), none, self._going(passing))
        passing = self.bypassed.failing(plan.thresholds).rest(self.light).clipped(0.0, np.inf)
        lost, earlier = (population.failing(plan.thresholds) for population in (self.kept, self.left))
        return Moves(lost, self._staying(passing), earlier, self._going(passing))

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

    def _population(self, basis: Basis, way: str, count: Floats, others: Floats) -> Population:
        evidence = basis.evidence
        scores = {}
        for n, dimension in enumerate(DIMENSIONS):
            histogram = evidence.scores.get((dimension, way, self.name))
            if histogram is not None and histogram.counts.sum() > 0:
                sums = evidence.score_sums.get((dimension, way, self.name))
                mean = None if sums is None else float(sums.sum()) / float(histogram.counts.sum())
                scores[n] = Distribution(basis.replicated(histogram), mean=mean)
        standing: Standing = "any"
        if self.mode == "quality_check" and basis.filtering:
            standing = "failed" if way == "lightweight" else "passed"
        margins = evidence.margins.get((self.name,))
        known = None
        if margins is not None and margins.counts.sum() > 0:
            known = Margins(Distribution(basis.replicated(margins), floor=margins.edges[0]), others)
        return Population(count, scores, standing, basis.plan.thresholds, known)
