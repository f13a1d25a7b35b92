"""The shape of a test case of an alert whose condition nobody sets: what is fed in, when it is silent, what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

Texts = Mapping[str, str]


class Case(msgspec.Struct, frozen=True):
    """One walk through time, a sample a minute.

    `series`: each with its values as promtool writes them. `silent`: instants such as `9m` at which the alert does not
    fire. `at`: the instant at which it does, empty for never, with the `labels` that its series carry. `texts`: those
    annotations that Prometheus fills in with more than a label, as they read then.
    """

    title: str
    series: Texts
    silent: tuple[str, ...] = ()
    at: str = ""
    labels: Texts = {}
    texts: Texts = {}


def lasting(series: Sequence[str], texts: Texts, labels: Texts | None = None) -> tuple[Case, ...]:
    """Return the cases of an alert that fires while any of some counters has been growing for 15m."""
    grows = (
        Case(
            "fires after 15m, and resolves",
            {name: "0x4 0+2x40 80x30"},
            silent=("4m", "18m", "53m"),
            at="25m",
            labels=labels or {},
            texts=texts,
        )
        for name in series
    )
    once = (Case("silent after a single time", {name: "0x9 2x40"}, silent=("10m", "14m", "30m")) for name in series)
    return (*grows, *once, Case("silent when nothing fails", dict.fromkeys(series, "5x40"), silent=("20m", "40m")))
