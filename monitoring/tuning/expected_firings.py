"""How often alerts fired over a history, and how often they would have fired under a recommended configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from monitoring.alerts.plan import plan_of
from monitoring.replay.backtest import Effect, alerts_effect
from monitoring.replay.replayer import Progress, Replayer
from monitoring.targets.targets import Targets
from monitoring.tuning.alert_effect import AlertEffect, WouldFire
from monitoring.tuning.shift import SIDES, Shift


async def with_firings(
    found: Iterable[AlertEffect],
    replayer: Replayer,
    targets: Targets,
    shifts: Mapping[str, Shift],
    block_seconds: float,
    progress: Progress | None = None,
) -> list[AlertEffect]:
    """Replay the history as it was and as it would have been, and add how often each alert fires in them.

    `shifts` by signal, in blocks that end where the replayer's window ends. Alerts of single content types
    (`overrides`) are left out. Raises PrometheusError, RuleError.
    """
    listed = list(found)
    groups = plan_of(msgspec.structs.replace(targets, overrides={})).groups
    names = [one.alert for one in listed]
    runs = [await alerts_effect(replayer, groups, names, progress)]
    for side in SIDES:
        moves = {
            one.alert: shifts[one.signal].move(
                side, replayer.window.end, block_seconds, targets.bands[one.signal].window / 2
            )
            for one in listed
        }
        runs.append(await alerts_effect(replayer, groups, names, None, moves))
    seconds = replayer.window.end - replayer.window.start
    return [msgspec.structs.replace(one, firings=tuple(_firings(one.alert, runs, seconds))) for one in listed]


def _firings(alert: str, runs: list[dict[tuple[str, str], Effect]], seconds: int) -> Iterator[WouldFire]:
    """Yield by severity what four replays found: as it was, low, likely, high."""
    for (name, severity), now in runs[0].items():
        if name != alert or not now.judged:
            continue
        variants = [run[name, severity] for run in runs[1:]]
        point = variants[SIDES.index("point")]
        counts = sorted(one.firings for one in variants)
        shares = sorted(one.seconds_firing / seconds for one in variants)
        yield WouldFire(
            severity, now.firings, point.firings, counts[0], counts[-1], now.firings_per_week, point.firings_per_week,
            now.seconds_firing / seconds, point.seconds_firing / seconds, (shares[0], shares[-1]),
        )  # fmt: skip
