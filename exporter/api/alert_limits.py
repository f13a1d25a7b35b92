"""How much the log channel writes at most: in an hour, in an hour of one model, by severity. The clock is given."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from typing import Literal

from exporter.settings import AlertLimits

HeldReason = Literal["per_hour", "per_model", "minimum_severity"]

_HOUR = 3600.0
_REMEMBERED = 10_000  # alerts of which we know whether they were written
_RANK: dict[str, int] = {"none": -1, "info": 0, "warning": 1, "critical": 2}


class HourlyGate:
    """Remembers what was written in the last hour, and decides what may still be."""

    def __init__(self) -> None:
        self._written: deque[tuple[float, str]] = deque()  # (when, model)
        self._models: Counter[str] = Counter()
        self._told: OrderedDict[str, HeldReason | None] = OrderedDict()  # alert -> why no line of it was written

    def held(
        self, status: str, labels: Mapping[str, str], key: str, limits: AlertLimits, now: float
    ) -> HeldReason | None:
        """Return why this alert is not to be written, or None, and then count it.

        The end of an alert is written exactly if the alert was, whatever the limits say, and counts for none of them.
        """
        if status == "resolved":
            return self._told.pop(key, None)
        reason = self._reason(labels, limits, now)
        self._remember(key, reason)
        if reason is None:
            model = labels.get("model", "")
            self._written.append((now, model))
            self._models[model] += 1
        return reason

    def _reason(self, labels: Mapping[str, str], limits: AlertLimits, now: float) -> HeldReason | None:
        self._forget(now)
        if _RANK.get(labels.get("severity", ""), len(_RANK)) < _RANK[limits.minimum_severity]:
            return "minimum_severity"
        if limits.per_hour is not None and len(self._written) >= limits.per_hour:
            return "per_hour"
        model, most = labels.get("model", ""), limits.per_model_per_hour
        return "per_model" if most is not None and model and self._models[model] >= most else None

    def _forget(self, now: float) -> None:
        while self._written and self._written[0][0] <= now - _HOUR:
            _, model = self._written.popleft()
            self._models[model] -= 1
            if not self._models[model]:
                del self._models[model]

    def _remember(self, key: str, reason: HeldReason | None) -> None:
        self._told[key] = None if reason is None else self._told.get(key, reason)  # what was written once stays so
        self._told.move_to_end(key)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
