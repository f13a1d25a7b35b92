"""What full processing would have cost: learned, for each step, from the items that took it.

The cost of a step is taken to be linear in the item's length: seconds = a + b * length, fitted by least squares with
a, b >= 0, for each content type, held together by the figures of all types and, until something was learned, by a
prior. Length is seconds of media that are not silent; for texts the seconds they would take to say
(`SPOKEN_WORDS_PER_SECOND`).
Figures persist in SQLite as sums, so that several processes add to the same ones.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Literal

import msgspec

from pipeline import forks
from pipeline.errors import StageError

SPOKEN_WORDS_PER_SECOND = 2.5  # 150 words a minute, usual for presentations
_POOL_WEIGHT = 3.0  # observations that the figures of all types together count for
_ANCHOR_WEIGHT = 0.5  # observations that "nothing costs nothing" counts for
_MEMORY = 400.0  # observations; older ones fade beyond it, so that a faster machine is noticed
YIELD = "(yield)"  # pseudo-step: what came out of an item processed in full, in findings instead of seconds
_STAGES = " (stages)"  # pseudo-step: the stages of a step, by name instead of content type
_ITEM = "(item)"  # pseudo-step: one observation an item processed in full
Basis = Literal["learned", "prior"]


class Sums(msgspec.Struct):
    """Sufficient statistics of (length, seconds) pairs for a straight line."""

    n: float = 0.0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    xy: float = 0.0

    def add(self, other: Sums, weight: float = 1.0) -> None:
        """Add another set of observations, weighted."""
        for field in self.__struct_fields__:
            setattr(self, field, getattr(self, field) + weight * getattr(other, field))

    def predict(self, length: float) -> float:
        """Return the seconds that the least-squares line with a, b >= 0 gives for a length."""
        spread = self.n * self.xx - self.x**2
        if spread <= 1e-9 * max(self.n * self.xx, 1e-12):  # all lengths alike: nothing is known about the slope
            return self.y / self.n
        slope = (self.n * self.xy - self.x * self.y) / spread
        offset = (self.y - slope * self.x) / self.n
        if slope < 0:
            return self.y / self.n
        if offset < 0:
            return self.xy / self.xx * length
        return offset + slope * length


class Prior(msgspec.Struct, frozen=True):
    """What a step costs before anything was learned: fixed seconds, and seconds per second of length.

    `stages`: those that the step is made of, where they are not one of the same name.
    """

    fixed: float
    per_second: float
    stages: tuple[str, ...] = ()

    def sums(self) -> Sums:
        """Return two made-up observations on this line that count for one."""
        total = Sums()
        for x in (30.0, 300.0):
            y = self.fixed + self.per_second * x
            total.add(Sums(1, x, y, x * x, x * y), 0.5)
        return total


class Estimate(msgspec.Struct, frozen=True):
    """Seconds that some steps would take; `basis` is `prior` if any of them was never observed."""

    seconds: float
    basis: Basis
    steps: Mapping[str, float] = {}  # the seconds of each


class CostModel:
    """Learned costs of steps. Thread-safe. Without a path nothing persists."""

    def __init__(self, path: Path | None = None, priors: Mapping[str, Prior] | None = None) -> None:
        self._path = path
        self._priors = dict(priors or {})
        self._lock = forks.Lock()
        self._sums: dict[tuple[str, str], Sums] = _read(path) if path else {}
        self._unsaved: dict[tuple[str, str], Sums] = {}

    def learn(self, steps: Mapping[str, float], content_type: str | None, length: float | None, *, full: bool) -> None:
        """Take in one item: the seconds of each step it took; `full` if it took all of them."""
        x = length or 0.0
        with self._lock:
            for step, y in steps.items():
                self._observe(step, content_type, Sums(1, x, y, x * x, x * y))
                if full:
                    self._observe(f"{step} (full)", None, Sums(1))
            if full:
                self._observe(_ITEM, None, Sums(1))

    def learn_stages(self, taken: Iterable[tuple[str, str, float]]) -> None:
        """Take in which stages one item's steps were made of: step, stage, seconds of the stage."""
        seconds: dict[tuple[str, str], float] = {}
        for step, stage, y in taken:
            seconds[step, stage] = seconds.get((step, stage), 0.0) + y
        with self._lock:
            for (step, stage), y in seconds.items():
                self._observe(step + _STAGES, stage, Sums(1, 0.0, y))

    def by_stage(self, estimate: Estimate) -> dict[str, float]:
        """Return the seconds of an estimate by stage; together they are the estimate.

        Stages side by side share their step's wall time in proportion to the time that each usually takes, evenly
        until that was learned. A step whose stages nobody knows is one of its own name.
        """
        found: dict[str, float] = {}
        with self._lock:
            for step, seconds in estimate.steps.items():
                for stage, share in self._shares(step).items():
                    found[stage] = found.get(stage, 0.0) + seconds * share
        return found

    def full_steps(self) -> frozenset[str]:
        """Return the steps that at least half of the items processed in full have taken."""
        with self._lock:
            items = self._sums.get((_ITEM, ""), Sums()).n
            return frozenset(
                key.removesuffix(" (full)")
                for (key, _), sums in self._sums.items()
                if key.endswith(" (full)") and sums.n * 2 >= items
            )

    def estimate(self, steps: Iterable[str], content_type: str | None, length: float | None) -> Estimate | None:
        """Return what the steps would cost for an item, or None if nothing is known about one of them."""
        seconds: dict[str, float] = {}
        basis: Basis = "learned"
        with self._lock:
            for step in steps:
                pooled = self._sums.get((step, ""))
                own = self._sums.get((step, content_type or ""), Sums())
                prior = self._priors.get(step)
                if pooled is None and prior is None:
                    return None
                seconds[step] = _blend(own, pooled, prior).predict(length or 0.0)
                basis = basis if pooled else "prior"
        return Estimate(sum(seconds.values()), basis, seconds)

    def save(self) -> None:
        """Add what was learned since the last save to the file. Raises StageError("storage")."""
        with self._lock:
            if self._path and self._unsaved:
                _add(self._path, self._unsaved)
                self._unsaved = {}

    def _shares(self, step: str) -> dict[str, float]:
        """Return each stage's share of a step; what was there less than every other time is no usual stage of it."""
        seen = {stage: sums for (key, stage), sums in self._sums.items() if stage and key == step + _STAGES}
        runs = max((sums.n for sums in seen.values()), default=0.0)
        usual = {stage: sums.y / sums.n for stage, sums in seen.items() if sums.n * 2 >= runs}
        if not any(usual.values()):
            prior = self._priors.get(step)
            usual = dict.fromkeys(usual or (prior and prior.stages) or (step,), 1.0)
        total = sum(usual.values())
        return {stage: seconds / total for stage, seconds in usual.items()}

    def _observe(self, step: str, content_type: str | None, sums: Sums) -> None:
        for key in {(step, ""), (step, content_type or "")}:
            for table in (self._sums, self._unsaved):
                table.setdefault(key, Sums()).add(sums)


def _blend(own: Sums, pooled: Sums | None, prior: Prior | None) -> Sums:
    total = Sums()
    total.add(own, min(1.0, _MEMORY / own.n) if own.n else 0.0)
    if pooled:
        total.add(pooled, min(_POOL_WEIGHT, pooled.n) / pooled.n)
    if prior:
        total.add(prior.sums(), 1.0 / (1.0 + (pooled.n if pooled else 0.0)))
    if total.x:
        # Lengths seen so far may lie close together and say nothing about the slope; one made-up observation then
        # decides it: what has no length costs nothing, or what the prior says is fixed.
        fixed = prior.fixed if prior else 0.0
        total.add(Sums(1, 0.0, fixed, 0.0, 0.0), _ANCHOR_WEIGHT)
    return total


_SCHEMA = """CREATE TABLE IF NOT EXISTS costs (step TEXT, content_type TEXT, n REAL, x REAL, y REAL, xx REAL, xy REAL,
PRIMARY KEY (step, content_type)) WITHOUT ROWID"""
_UPSERT = """INSERT INTO costs VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n,
x = x + excluded.x, y = y + excluded.y, xx = xx + excluded.xx, xy = xy + excluded.xy"""
_FADE = f"UPDATE costs SET n = n/2, x = x/2, y = y/2, xx = xx/2, xy = xy/2 WHERE n > {2 * _MEMORY}"  # noqa: S608 - a constant of ours


def _read(path: Path) -> dict[tuple[str, str], Sums]:
    if not path.exists():
        return {}
    try:
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            connection.execute(_SCHEMA)
            return {(step, kind): Sums(*sums) for step, kind, *sums in connection.execute("SELECT * FROM costs")}
    except sqlite3.Error as error:
        raise StageError(
            "storage", f"{path}: the learned costs cannot be read ({error}); move the file away"
        ) from error


def _add(path: Path, deltas: Mapping[tuple[str, str], Sums]) -> None:
    rows = [(step, kind, *msgspec.structs.astuple(sums)) for (step, kind), sums in deltas.items()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=10)) as connection, connection:
            connection.execute(_SCHEMA)
            connection.executemany(_UPSERT, rows)
            connection.execute(_FADE)
    except (sqlite3.Error, OSError) as error:
        raise StageError("storage", f"{path}: the learned costs cannot be written ({error})") from error
