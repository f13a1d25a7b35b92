"""Recommends thresholds, exit confidences and modes from the metrics of a window. Formulas: docs/tuning.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np

from monitoring.domains.band import Bands
from monitoring.history.blocks import Floats
from monitoring.history.histograms import Range, exactly
from monitoring.history.resampling import MIN_BLOCKS, Resampling
from monitoring.outlook.evidence import Evidence
from monitoring.outlook.observed import observe, settled
from monitoring.outlook.outlook import Model, Outlook
from monitoring.outlook.shadow_share import shadow_shares
from monitoring.outlook.stratum import Plan
from monitoring.targets.targets import Targets
from monitoring.tuning.alert_effect import AlertEffect, effects
from monitoring.tuning.goal import Goal, choose
from monitoring.tuning.mode_advice import MIN_ASSESSED, advise_modes
from monitoring.tuning.recommendation import UNKNOWN, Expectation, Interval, Recommendation, Tuning
from monitoring.tuning.shift import Shift, shifts
from pipeline.decisions.routing import Mode
from pipeline.domains.content.families import QUALITY_MARGIN, TIME_SAVED, TIME_SPENT
from pipeline.domains.content.labels import CHECKPOINTS, DIMENSIONS

MIN_ITEMS, MIN_TYPES = 100, 3  # before a recommendation is called confident
_WRONG = 0.10  # share of wrong skips that is surely too much
_CONFIDENCE_STEP, _CONFIDENCE_STEPS = 0.05, 6
_FEW_CANDIDATES = 30.0


class InForce(msgspec.Struct, frozen=True):
    """The configuration to start from, where the metrics do not say: thresholds and confidences by metric name."""

    values: Mapping[str, float]
    modes: Mapping[str, Mode] = {}


def tune(
    evidence: Evidence | None,
    in_force: InForce,
    goal: Goal,
    *,
    by_content_type: bool = False,
    bands: Mapping[str, Bands] | None = None,
) -> Tuning:
    """Recommend. Without enough data the answer says so with numbers and recommends nothing.

    `by_content_type`: modes are recommended too, and the expectation is given for each type. `bands` by signal say
    which early-exit share is well, and which alerts the result would raise; None: those built in.
    """
    if evidence is not None:
        evidence = since_changes(evidence, in_force)
    lacking = _lacking(evidence)
    if evidence is None or lacking:
        broken = evidence.broken if evidence is not None else ()
        return Tuning(False, [lacking, *broken], [], goal.text, *(_seen(evidence) if evidence else ()))
    return _Advisor(evidence, in_force, goal, by_content_type, Targets().bands if bands is None else bands).advise()


def expect(evidence: Evidence, in_force: InForce, thresholds: tuple[float, float, float, float]) -> Expectation:
    """Return what thresholds (overall, coherence, completeness, informativeness) would come to, all else as it is."""
    advisor = _Advisor(since_changes(evidence, in_force), in_force, Goal(""), False, {})
    return advisor.expectation(thresholds)


def since_changes(evidence: Evidence, in_force: InForce) -> Evidence:
    """Return what is known since the last time that a content type changed the way its items go."""
    return settled(evidence, _thresholds(evidence, in_force))


def expected_shifts(evidence: Evidence, in_force: InForce, found: Tuning) -> dict[str, Shift]:
    """Return by signal how far it would have lain from where it was, had all that was recommended been in force."""
    values = {one.threshold: one.recommended for one in found.recommendations}
    modes = {one.content_type: one.recommended for one in found.modes}
    return shifts(evidence, _plan(evidence, in_force), _plan(evidence, in_force, values, modes))


def _plan(
    evidence: Evidence,
    in_force: InForce,
    changed: Mapping[str, float] | None = None,
    modes: Mapping[str, Mode] | None = None,
) -> Plan:
    """Return the plan in force, as far as the metrics tell, with what is changed."""
    values = {**in_force.values, **evidence.thresholds, **(changed or {})}
    confidences = {c: v for c in CHECKPOINTS if (v := values.get(f"{c}_min_confidence")) is not None}
    seen = observe(evidence, _thresholds(evidence, in_force)).modes
    return Plan(_thresholds(evidence, in_force, changed), confidences, {**seen, **(modes or {})})


def _thresholds(
    evidence: Evidence, in_force: InForce, changed: Mapping[str, float] | None = None
) -> tuple[float, float, float, float]:
    values = {**in_force.values, **evidence.thresholds, **(changed or {})}
    return tuple(values[f"min_{dimension}"] for dimension in DIMENSIONS)  # type: ignore[return-value]  # four of them


def _lacking(evidence: Evidence | None) -> str:
    if evidence is None:
        return f"not enough data: no items in the window, {MIN_ITEMS} are needed"
    items, assessed = evidence.numbers()
    since = f" since {' and '.join(evidence.changed)} last changed" if evidence.changed else ""
    if items < MIN_ITEMS:
        return f"not enough data: {items} items under `{evidence.version}`{since}, {MIN_ITEMS} are needed"
    if assessed < MIN_ASSESSED:
        return f"not enough data: {items} items, but only {assessed} with a quality score; {MIN_ASSESSED} are needed"
    if (between := evidence.finished()) < items / 2:  # in one scrape, or beside counts that no counter can hold
        return f"not enough data: {items} items, but only {between:.0f} of them came between two scrapes of a counter"
    return ""


def _seen(evidence: Evidence) -> tuple[str, int, list[str]]:
    return evidence.version, evidence.numbers()[0], evidence.content_types()


class _Advisor:
    def __init__(
        self, evidence: Evidence, in_force: InForce, goal: Goal, by_type: bool, bands: Mapping[str, Bands]
    ) -> None:
        self._evidence, self._goal, self._by_type, self._bands = evidence, goal, by_type, bands
        self._current = _plan(evidence, in_force)
        self._shadow = shadow_shares(evidence.shadow)
        self._resampling = Resampling(evidence.activity())
        self._model = Model(evidence, self._current, self._resampling)
        self._fast = Model(evidence, self._current, Resampling(np.zeros(0), draws=0))  # the whole only

    def advise(self) -> Tuning:
        modes = advise_modes(self._evidence, self._model, self._interval) if self._by_type else []
        wanted = msgspec.structs.replace(
            self._current, modes={**self._current.modes, **{m.content_type: m.recommended for m in modes}}
        )
        wanted, exit_reason = self._confidences(wanted)
        choice = choose(
            self._goal, wanted, lambda plan: self._fast.outlook(plan)[0], may_raise=not self._wrong("quality_filter"),
            movable=[n for n, dimension in enumerate(DIMENSIONS) if self._scored(dimension)],
        )  # fmt: skip
        plan = choice.plan
        outlook, parts = self._model.outlook(plan)
        version, items, types = _seen(self._evidence)
        confident = len(types) >= MIN_TYPES
        return Tuning(
            confident,
            [*self._caveats(types), *choice.caveats],
            list(self._recommendations(plan, outlook, exit_reason)),
            self._goal.text,
            version,
            items,
            types,
            msgspec.structs.replace(self._expectation(self._model.counted()), items=items),
            self._expectation(outlook),
            modes,
            {name: self._expectation(part) for name, part in parts.items()} if self._by_type else {},
            self._alerts(plan, outlook),
            self._shadow,
        )

    def expectation(self, thresholds: tuple[float, float, float, float]) -> Expectation:
        """Return what other thresholds come to."""
        return self._expectation(self._model.outlook(msgspec.structs.replace(self._current, thresholds=thresholds))[0])

    def _confidences(self, plan: Plan) -> tuple[Plan, str]:
        """Return the plan with exit confidences moved alike, as little as brings the early-exit share into its band."""
        share = self._model.early_share(plan)
        error = self._resampling.reach(share)
        value = float(share[0])
        low, high = self._exit_band()
        wrong = self._wrong("early_exit")
        if not self._model.exiting:
            return plan, "early exit is off, or nothing left early: kept as it is"
        if wrong:
            return self._moved(plan, 1), f"{wrong}: one step more careful"
        if not (value + error < low or value - error > high):
            return plan, f"early-exit share {value:.2f}, the band is {low:.2f} to {high:.2f}: kept as it is"
        sign = -1 if value < low else 1
        for step in range(1, _CONFIDENCE_STEPS + 1):
            moved = self._moved(plan, sign * step)
            if low <= float(self._fast.early_share(moved)[0]) <= high:
                break
        then = float(self._fast.early_share(moved)[0])
        return moved, f"early-exit share {value:.2f} lies outside {low:.2f} to {high:.2f}; {then:.2f} is expected"

    def _exit_band(self) -> Interval:
        """Return where the early-exit share raises no alert."""
        band = self._bands.get("early_exit_share", Bands())
        return band.warning_low or 0.0, 1.0 if band.warning_high is None else band.warning_high

    def _moved(self, plan: Plan, steps: int) -> Plan:
        held = {c for (c,), h in self._evidence.candidates.items() if h.counts.sum() >= _FEW_CANDIDATES}
        moved = {
            c: round(min(0.95, max(0.05, v + steps * _CONFIDENCE_STEP)), 4) if c in held else v
            for c, v in plan.confidences.items()
        }
        return msgspec.structs.replace(plan, confidences=moved)

    def _wrong(self, decision: str) -> str:
        for share in self._shadow:
            if share.decision == decision and share.wrong_rate[0] > _WRONG:
                return f"of {share.items} shadowed skips {share.wrong} were wrong, more than {_WRONG:.0%} at 95 %"
        return ""

    def _recommendations(self, plan: Plan, outlook: Outlook, exit_reason: str) -> Iterator[Recommendation]:
        bypass, savings = self._interval(outlook.bypass), self._interval(outlook.savings)
        quality = _number(outlook.quality.point)
        assessed = self._evidence.numbers()[1]
        for n, dimension in enumerate(DIMENSIONS):
            now, then = self._current.thresholds[n], plan.thresholds[n]
            yield Recommendation(
                f"min_{dimension}", now, then, bypass, quality, savings, assessed, self._why(n, now, then, outlook)
            )
        for checkpoint, now in self._current.confidences.items():
            then = plan.confidences[checkpoint]
            held = self._evidence.candidates.get((checkpoint,))
            rate = self._model.exit_rate(checkpoint, then)
            yield Recommendation(
                f"{checkpoint}_min_confidence", now, then, bypass, quality, savings,
                round(float(held.counts.sum())) if held else 0,
                exit_reason if then != now or not held or held.counts.sum() >= _FEW_CANDIDATES
                else f"a condition held {round(float(held.counts.sum()))} times, too few: kept as it is",
                self._interval(rate) if rate else None,
            )  # fmt: skip

    def _why(self, n: int, now: float, then: float, outlook: Outlook) -> str:
        if not self._scored(DIMENSIONS[n]):
            return f"left as it is: no scores recorded for {DIMENSIONS[n]}"
        if n and now == then:
            return "kept as it is: moving min_overall does it"
        what = "kept" if now == then else "raised" if then > now else "lowered"
        quality = _number(outlook.quality.point)
        mean = "unknown quality" if quality is None else f"mean quality {quality:.2f}"
        return f"{what} for {self._goal.text}: bypass rate {float(outlook.bypass.point[0]):.2f}, {mean} are expected"

    def _caveats(self, types: list[str]) -> Iterator[str]:
        evidence = self._evidence
        if len(types) < MIN_TYPES:
            named = ", ".join(types) or "none"
            yield f"{len(types)} content types seen, {MIN_TYPES} are needed to be confident: {named}"
        if evidence.others:
            counts = ", ".join(f"{name} ({n:.0f} items)" for name, n in sorted(evidence.others.items()))
            yield f"only `{evidence.version}` is looked at; left out: {counts}"
        if evidence.changed:
            yield f"{' and '.join(evidence.changed)} changed within the window: only what came after is looked at"
        observed = self._model.basis.observed
        yield from evidence.broken
        for doubt in observed.doubts:
            yield f"the evidence contradicts itself, so intervals are wider; {doubt}"
        if not evidence.margins:
            yield f"no {QUALITY_MARGIN.name}: bounds come from each score alone and are wider"
        elif part := [k for k, s in observed.types.items() if not (s.margins or s.doubt or s.mixed)]:
            yield f"margins tell of a part of the items only, and are left aside: {', '.join(part)}"
        if evidence.margins and (mixed := [k for k, seen in observed.types.items() if seen.mixed]):
            yield (
                "items left early after the assessment on both sides of the thresholds, so margins are left aside: "
                f"{', '.join(mixed)}"
            )
        if family := self._missing_seconds():
            yield f"no seconds recorded ({family}): nothing is known about savings"
        missing = [d for d in DIMENSIONS if not self._scored(d)]
        if missing:
            yield f"no scores recorded for {', '.join(missing)}: these thresholds are left as they are"
        if not observed.filtering:
            how = "is" if observed.told else "seems to be"
            yield f"quality filtering {how} off: the expected figures are for switching it on"
        if not self._resampling.by_blocks:
            yield (
                f"fewer than {MIN_BLOCKS} stretches of time with items: how much items of one hour resemble each other "
                "cannot be measured, the intervals take them for independent"
            )
        if wrong := self._wrong("quality_filter"):
            yield f"quality filter: {wrong}; nothing stricter is recommended"

    def _missing_seconds(self) -> str:
        """Return the family without which savings are not known; empty where they are."""
        if self._evidence.tells_seconds():
            return ""
        return (TIME_SAVED if self._evidence.total(self._evidence.spent) else TIME_SPENT).name

    def _scored(self, dimension: str) -> bool:
        return any(key[0] == dimension and h.counts.sum() > 0 for key, h in self._evidence.scores.items())

    def _alerts(self, plan: Plan, outlook: Outlook) -> list[AlertEffect]:
        share = self._model.early_share(plan)
        expected = {
            "bypass_rate": self._interval(outlook.bypass),
            "quality_score_avg": self._interval(outlook.quality),
            "time_savings": self._interval(outlook.savings),
            "early_exit_share": self._interval(exactly(share)),
        }
        known = [signal for signal, i in expected.items() if i != UNKNOWN]
        return [e for signal in known for e in effects(self._bands, signal, expected[signal])]

    def _expectation(self, outlook: Outlook) -> Expectation:
        quality = _number(outlook.quality.point)
        return Expectation(
            round(float(outlook.items[0])),
            self._interval(outlook.bypass),
            quality,
            None if quality is None else self._interval(outlook.quality),
            self._interval(outlook.savings),
            _number(outlook.bypass.point),
            _number(outlook.savings.point),
        )

    def _interval(self, found: Range) -> Interval:
        """Return what is possible, and sampling error on top; UNKNOWN where nothing is known."""
        if not np.isfinite(found.point[0]):
            return UNKNOWN
        low, high = (float(side[0]) + sign * self._reach(side) for side, sign in ((found.low, -1), (found.high, 1)))
        return max(0.0, low), min(1.0, high)

    def _reach(self, figures: Floats) -> float:
        """Return how far sampling error reaches beyond one end."""
        found = self._resampling.reach(figures)
        return found if np.isfinite(found) else 0.0


def _number(replicates: Floats) -> float | None:
    value = float(replicates[0])
    return value if np.isfinite(value) else None
