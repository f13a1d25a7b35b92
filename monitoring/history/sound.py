"""Counters that hold no count: one series at infinity or NaN must not make all figures wrong in silence.

Where a series holds no count nobody knows what it would have risen by, and leaving out that series alone would tilt
every share that it is a part of. So the stretches of time in which it holds none are left out altogether, for all
series alike, and the answer names it. What only refines an answer (a sum, a duration) is done without instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from monitoring.history.blocks import GREATEST, Floats, History, Key

_NAMED = 3  # series named in an answer; of more only how many


class SoundHistory:
    """Asks a history for increases, all of them finite, and notes where a counter held no count."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.blocks = history.blocks
        self.left_out: NDArray[np.bool_] = np.zeros(history.blocks, dtype=bool)
        self._broken: dict[str, int] = {}

    async def increases(
        self, series: str, by: Key, where: Mapping[str, str] | None = None, *, needed: bool = True
    ) -> dict[Key, Floats]:
        """Return how much the sum of the matching series rose in each block; 0 where it holds no count.

        `needed`: its broken blocks are left out of everything; else what is broken anywhere is not returned at all.
        Raises PrometheusError.
        """
        found: dict[Key, Floats] = {}
        for key, values in (await self._history.increases(series, by, where)).items():
            broken = ~(np.abs(values) <= GREATEST)
            if broken.any():
                self._note(series, by, key, broken, needed)
                if not needed:
                    continue
            found[key] = np.where(broken, 0.0, values)
        return found

    def kept(self, table: Mapping[Key, Floats]) -> dict[Key, Floats]:
        """Return a table (blocks first) with nothing in the blocks that are left out."""
        if not self.left_out.any():
            return dict(table)
        return {key: np.where(self.left_out, 0.0, values) for key, values in table.items()}

    def broken(self, since: int = 0) -> tuple[str, ...]:
        """Return what held no count, one sentence each; `since`: the first block that is looked at."""
        named = [
            f"{name} holds no count (infinity or NaN) in {count} of {self.blocks} stretches of time"
            for name, count in list(self._broken.items())[:_NAMED]
        ]
        if more := len(self._broken) - len(named):
            named.append(f"{more} more counters hold none")
        if named and (count := int(self.left_out[since:].sum())):
            named.append(f"left out of everything: {count}")
        return ("; ".join(named),) if named else ()

    def _note(self, series: str, by: Key, key: Key, broken: NDArray[np.bool_], needed: bool) -> None:
        labels = ", ".join(f'{name}="{value}"' for name, value in _sorted(zip(by, key, strict=True)))
        name = f"{series}{{{labels}}}" if labels else series
        self._broken[name] = max(self._broken.get(name, 0), int(broken.sum()))
        if needed:
            self.left_out |= broken


def _sorted(labels: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in labels if value and name != "le")
