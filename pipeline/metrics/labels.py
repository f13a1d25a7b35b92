"""Keeping label values in order: closed sets, caps, and no value that could hurt a scrape or a screen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeGuard

from pipeline.metrics.family import OTHER, UNSPECIFIED, Family, Label

MAX_LENGTH = 128  # characters; a longer value is no name of anything
_EXEMPLAR_LENGTH = 100  # OpenMetrics allows 128 characters for all of an exemplar's labels

LABEL_OVERFLOW = Family(
    "exporter_label_overflow_total",
    "counter",
    "Label values that were beyond their closed set or cap and became `other`.",
    ("label",),
)


class LabelGuard:
    """Turns whatever was said into a value that the label's declaration allows.

    Nothing said gives `unspecified`; a value beyond the closed set or the cap, one with control characters, one that
    is no valid UTF-8 and one that is too long give `other`, and `on_overflow(label name)` is called each time.
    """

    def __init__(self, label: Label, on_overflow: Callable[[str], None]) -> None:
        self.label = label
        self._on_overflow = on_overflow
        self._lock = threading.Lock()
        self._room = max(label.cap - len(label.values), 0) if label.cap else 0
        self._admitted: dict[str | None, str] = {value: value for value in label.values}
        self._admitted |= {None: UNSPECIFIED, "": UNSPECIFIED, UNSPECIFIED: UNSPECIFIED, OTHER: OTHER}

    def __call__(self, value: str | None) -> str:
        """Return the value to use as label value."""
        admitted = self._admitted.get(value)
        return admitted if admitted is not None else self._admit(str(value))

    def lets_through(self, value: str) -> bool:
        """Tell whether a value is among those known beforehand or has been let through before."""
        return self._admitted.get(value) == value

    def _admit(self, value: str) -> str:
        if is_clean(value):
            with self._lock:
                if value in self._admitted:
                    return value
                if self._room > 0:
                    self._room -= 1
                    self._admitted[value] = value
                    return value
        self._on_overflow(self.label.name)
        return OTHER


def is_clean(value: str) -> bool:
    """Tell whether a text can be a label value: short, printable, encodable as UTF-8."""
    return len(value) <= MAX_LENGTH and value.isprintable() and value == value.strip()


def names_item(item_id: str | None) -> TypeGuard[str]:
    """Tell whether an item's id is fit to be an exemplar."""
    return bool(item_id) and len(str(item_id)) <= _EXEMPLAR_LENGTH and is_clean(str(item_id))
