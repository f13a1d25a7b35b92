"""One alert as its tests see it: which value it compares, where that breaches, and how a timeline moves it.

Band alerts compare a signal, burn-rate alerts the share of bad events; both become a `level` here that is averaged over
a window by the number of items, so that the step at which a timeline crosses the threshold is known beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from monitoring.alerts.alert import Alert, BandCase, BurnCase
from monitoring.compile.worlds import Atom, Phase, increments, labels_of
from monitoring.domains.band import OVERRIDDEN_BY
from monitoring.domains.catalogue import signals
from monitoring.domains.signal import Signal
from pipeline.domains import catalogue

MARGIN = Decimal("0.02")  # of a threshold: how close to it the cases come


class Stretch(msgspec.Struct, frozen=True):
    """A stretch of a timeline: `steps` long, the compared value at `value`, `count` items a step."""

    steps: int
    value: Decimal
    count: Decimal


class Watch:
    """What one alert with bands or a budget watches. `step`: seconds between evaluations."""

    def __init__(self, alert: Alert, step: int) -> None:
        case = alert.case
        assert case is not None
        self.alert = alert
        self.step = step
        self.for_steps = -(-alert.for_seconds // step)
        self.is_burn = isinstance(case, BurnCase)
        if isinstance(case, BurnCase):
            self.signal: Signal = signals()[case.slo.signal]
            self.threshold, self.sign, self.min_items = case.threshold, 1, case.slo.min_items
            self.windows = [case.tier.long_window // step, case.tier.short_window // step]
            self.labels: dict[str, str] = {}
        else:
            assert isinstance(case, BandCase)
            self.signal = signals()[case.signal]
            self.threshold = Decimal(repr(case.threshold))
            self.sign, self.min_items = (-1 if case.side == "low" else 1), case.bands.min_items
            self.windows = [case.bands.window // step]
            fed = labels_of(self.signal.numerator[0])
            self.labels = {label: fed[label] for label in alert.further}
            if case.content_type:
                self.labels[OVERRIDDEN_BY] = case.content_type
        self.is_scraped = self.signal.is_scraped  # one a step, whatever the traffic
        self.is_quantile = self.signal.kind == "quantile"

    @property
    def inside(self) -> Decimal:
        """Return a value just inside the band."""
        return self.threshold * (1 - self.sign * MARGIN)

    @property
    def outside(self) -> Decimal:
        """Return a value just beyond the threshold (of durations no whole seconds, which round either way)."""
        if self.is_quantile:
            return self.threshold * (1 + self.sign * MARGIN) * Decimal("1.0007")
        if not self.threshold:
            return MARGIN * self._maximum
        beyond = self.threshold * (1 + self.sign * MARGIN)
        return beyond if beyond < self._maximum else (self.threshold + self._maximum) / 2

    @property
    def healthy(self) -> Decimal:
        """Return a value far inside the band."""
        if self.sign > 0:
            return Decimal(0) if self.is_burn else self.threshold / 2
        return (self.threshold + self._maximum) / 2

    @property
    def extreme(self) -> Decimal:
        """Return a value far beyond the threshold."""
        if self.sign < 0:
            return self.threshold / 2
        return min(self._maximum, self.threshold * 5) if self.is_burn else (self.threshold + self._maximum) / 2

    @property
    def _maximum(self) -> Decimal:
        if not self.is_quantile:
            return Decimal(1) if self.signal.unit in ("ratio", "score") else self.threshold * 3
        edges = catalogue.family(self.signal.numerator[0].series.removesuffix("_bucket")).buckets
        return Decimal(repr(next((edge for edge in edges if edge > self.threshold), edges[-1])))

    def breaches(self, value: Decimal) -> bool:
        """Tell whether a compared value is beyond the threshold."""
        return self.sign * (value - self.threshold) > 0

    def increments(self, value: Decimal, count: Decimal) -> dict[Atom, Decimal]:
        """Return what the series grow by in a step to hold the compared value."""
        is_share_of_bad = self.is_burn and self.signal.good == "high"
        return increments(self.signal, 1 - value if is_share_of_bad else value, count, **self.labels)

    def phases(self, stretches: Sequence[Stretch]) -> list[Phase]:
        """Return the stretches as phases of a timeline."""
        return [Phase(s.steps, self.increments(s.value, s.count)) for s in stretches]

    def breached(self, stretches: Sequence[Stretch]) -> list[bool]:
        """Return for each step of a timeline (sample 0 first) whether the alert's condition holds there."""
        counts, levels = [Decimal(0)], [Decimal(0)]
        for stretch in stretches:
            count = Decimal(1) if self.is_scraped else stretch.count
            for _ in range(stretch.steps):
                counts.append(counts[-1] + count)
                levels.append(levels[-1] + count * self._level(stretch.value))
        return [self._holds(counts, levels, at) for at in range(len(counts))]

    def _holds(self, counts: list[Decimal], levels: list[Decimal], at: int) -> bool:
        for position, window in enumerate(self.windows):
            first = max(0, at - window)
            count = counts[at] - counts[first]
            if count == 0 or (position == 0 and count < self.min_items):
                return False
            if not self.sign * ((levels[at] - levels[first]) / count - self._level_threshold) > 0:
                return False
        return True

    def _level(self, value: Decimal) -> Decimal:
        """Return what is averaged over a window: the value itself, for a quantile the share of items beyond it."""
        if not self.is_quantile:
            return value
        observed = self.increments(value, Decimal(1))
        edge = next(v for atom, v in observed.items() if f'le="{float(self.threshold)!r}"' in atom)
        return 1 - edge

    @property
    def _level_threshold(self) -> Decimal:
        return 1 - Decimal(repr(self.signal.quantile)) if self.is_quantile else self.threshold
