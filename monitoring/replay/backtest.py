"""What the alerts of a configuration would have done: every firing, how often, how nervously, and against another one.

Pure but for `alerts_effect`, which has the history read (see `monitoring/replay/replayer.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from monitoring.promql.rule_files import Rules, read_rules
from monitoring.replay.evaluation import Move
from monitoring.replay.firings import Firing, Labels
from monitoring.replay.replayer import Progress, Replayed, Replayer

WEEK = 604_800
LEAST_OBSERVED = 86_400  # s of history below which nothing is said about a week
FLAPPING = 1800  # s: a firing that begins so soon after the end of the one before is the same trouble come back


class AlertReport(msgspec.Struct, frozen=True):
    """One alert with one set of labels (those of its rule alone where it never fired).

    `flapping`: firings that began within FLAPPING seconds of the end of the one before. `firings_per_week`: None with
    less than a day of history. `judged`: False where nothing that the alert reads was recorded in the window.
    `reads`: its selectors of raw series; `missing`: those that found nothing. `recorded`: the recorded series that were
    read in their place. Times in Unix seconds.
    """

    alert: str
    severity: str
    labels: dict[str, str]
    firings: tuple[Firing, ...]
    firings_per_week: float | None = None
    seconds_firing: float = 0.0
    flapping: int = 0
    observed_seconds: int = 0
    judged: bool = True
    reads: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    error: str | None = None
    recorded: tuple[str, ...] = ()


class Difference(msgspec.Struct, frozen=True):
    """How one alert differs between two configurations: firings that overlap none of the other's, and seconds."""

    alert: str
    severity: str
    labels: dict[str, str]
    only_in_config: tuple[Firing, ...]
    only_in_against: tuple[Firing, ...]
    seconds_in_both: float
    seconds_only_in_config: float
    seconds_only_in_against: float


class Effect(msgspec.Struct, frozen=True):
    """How often one alert would have fired, its label sets together; the rest as in AlertReport."""

    firings: int
    firings_per_week: float | None
    seconds_firing: float
    judged: bool


def chosen(rules: Rules, name: str | None) -> Rules:
    """Return the rules with the alerts of one name only; None: all."""
    kept = rules.alerting if name is None else tuple(rule for rule in rules.alerting if rule.name == name)
    return msgspec.structs.replace(rules, alerting=kept)


async def alerts_effect(
    replayer: Replayer,
    groups: Iterable[Mapping[str, Any]],
    names: Iterable[str] | None = None,
    progress: Progress | None = None,
    moves: Mapping[str, Move] | None = None,
) -> dict[tuple[str, str], Effect]:
    """Return by (alert, severity) how often each would have fired under rule groups such as `plan_of(targets).groups`.

    Asked for several variants, one replayer reads only once what they have in common. `names`: only these alerts.
    `moves`: as `Replayer.replay` takes them. Raises PrometheusError, RuleError.
    """
    rules = read_rules(groups)
    wanted = None if names is None else set(names)
    kept = tuple(rule for rule in rules.alerting if wanted is None or rule.name in wanted)
    replayed = await replayer.replay(msgspec.structs.replace(rules, alerting=kept), progress, moves=moves)
    found: dict[tuple[str, str], list[AlertReport]] = {}
    for report in reports(replayed):
        found.setdefault((report.alert, report.severity), []).append(report)
    return {key: _effect(of_one) for key, of_one in found.items()}


def _effect(of_one: Sequence[AlertReport]) -> Effect:
    count = sum(len(report.firings) for report in of_one)
    observed = max(report.observed_seconds for report in of_one)
    seconds = sum(report.seconds_firing for report in of_one)
    return Effect(count, per_week(count, observed), seconds, any(report.judged for report in of_one))


def reports(replayed: Iterable[Replayed]) -> list[AlertReport]:
    """Return a report for each label set of each rule, in the rules' order; quiet rules have one without firings."""
    found = []
    for one in replayed:
        quiet: dict[Labels, list[Firing]] = {tuple(sorted(one.rule.labels.items())): []}
        for labels, firings in sorted((one.firings or quiet).items()):
            found.append(_report(one, dict(labels), firings))
    return found


def _report(one: Replayed, labels: dict[str, str], firings: Sequence[Firing]) -> AlertReport:
    return AlertReport(
        one.rule.name,
        labels.get("severity", ""),
        labels,
        tuple(firings),
        per_week(len(firings), one.observed) if one.judged else None,
        sum(firing.seconds for firing in firings),
        flapping(firings),
        one.observed,
        one.judged,
        one.reads,
        one.missing,
        one.error,
        one.recorded,
    )


def per_week(count: int, observed: int) -> float | None:
    """Return firings a week, None with less than LEAST_OBSERVED seconds of history."""
    return count * WEEK / observed if observed >= LEAST_OBSERVED else None


def flapping(firings: Sequence[Firing]) -> int:
    """Return how many firings began within FLAPPING seconds of the end of the one before."""
    return sum(later.start - earlier.end <= FLAPPING for earlier, later in pairwise(firings))


def differences(config: Iterable[AlertReport], against: Iterable[AlertReport]) -> list[Difference]:
    """Return how two configurations differ, alert by alert.

    Left out: alerts that fired at the same times, and those that could not be replayed in one of the two.
    """
    ours, theirs = list(config), list(against)
    broken = {report.alert for report in (*ours, *theirs) if report.error}
    first, second = (_by_alert(found, broken) for found in (ours, theirs))
    found = []
    for key in dict.fromkeys((*first, *second)):
        one = first.get(key) or second[key]
        quiet = msgspec.structs.replace(one, firings=())
        difference = _difference(one, first.get(key, quiet).firings, second.get(key, quiet).firings)
        if difference != msgspec.structs.replace(
            difference, only_in_config=(), only_in_against=(), seconds_only_in_config=0.0, seconds_only_in_against=0.0
        ):
            found.append(difference)
    return found


def _by_alert(found: Iterable[AlertReport], broken: set[str]) -> dict[tuple[str, Labels], AlertReport]:
    kept = (report for report in found if report.alert not in broken)
    return {(report.alert, tuple(sorted(report.labels.items()))): report for report in kept}


def _difference(one: AlertReport, ours: Sequence[Firing], theirs: Sequence[Firing]) -> Difference:
    both = sum(_overlap(mine, other) for mine in ours for other in theirs)
    return Difference(
        one.alert,
        one.severity,
        one.labels,
        tuple(mine for mine in ours if not any(_meet(mine, other) for other in theirs)),
        tuple(other for other in theirs if not any(_meet(mine, other) for mine in ours)),
        both,
        sum(mine.seconds for mine in ours) - both,
        sum(other.seconds for other in theirs) - both,
    )


def _overlap(one: Firing, other: Firing) -> float:
    return max(0.0, min(one.end, other.end) - max(one.start, other.start))


def _meet(one: Firing, other: Firing) -> bool:
    return one.start == other.start or _overlap(one, other) > 0
