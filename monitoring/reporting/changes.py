"""What changed in a window: configurations, thresholds, switches, releases; as the gauges that name them tell."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from monitoring.reporting.window_queries import Key, Questions, key_of
from monitoring.servers.prometheus import Series
from monitoring.wording.durations import format_duration
from pipeline.domains.content.families import CONFIG_INFO, FEATURE_ENABLED, THRESHOLD
from pipeline.domains.exporter.families import BUILD_INFO

What = Literal["configuration", "threshold", "feature", "release"]
_LOOKS = 504  # a week in stretches of twenty minutes
_GRAIN = 60  # s
_SCRAPES = 2.5  # in a stretch, so that every instance is in each


class Watched(msgspec.Struct, frozen=True):
    """A gauge that names something. `by`: labels that identify it; `says`: the label, else the value, that changes."""

    what: What
    family: str
    by: Key
    says: str = ""


WATCHED = (
    Watched("release", BUILD_INFO.name, (), "version"),
    Watched("configuration", CONFIG_INFO.name, ("config_version",), "config_hash"),
    Watched("threshold", THRESHOLD.name, ("config_version", "threshold")),
    Watched("feature", FEATURE_ENABLED.name, ("feature",)),
)


class Change(msgspec.Struct, frozen=True):
    """Something became something else shortly before `at` (Unix seconds). `before` None: it was not there."""

    at: float
    what: What
    name: str
    before: str | None
    after: str


class ChangeHistory(msgspec.Struct, frozen=True):
    """All changes of a window, earliest first; times are known to `resolution` seconds."""

    changes: list[Change]
    resolution: int


async def history(questions: Questions, spacing: float = 0.0) -> ChangeHistory:
    """Return what changed in a window against what stood before. `spacing`: seconds between scrapes.

    Raises PrometheusError.
    """
    least = max(questions.window / _LOOKS, _SCRAPES * spacing)
    step = math.ceil(max(least, 1.0) / _GRAIN) * _GRAIN
    found = await asyncio.gather(*(_changes(questions, watched, step) for watched in WATCHED))
    return ChangeHistory(sorted((c for some in found for c in some), key=lambda c: (c.at, c.what, c.name)), step)


async def _changes(questions: Questions, watched: Watched, step: int) -> list[Change]:
    by = tuple(filter(None, (*watched.by, watched.says)))
    asked = f"max by ({', '.join(by)}) (last_over_time({watched.family}[{format_duration(step)}]))"
    both = questions.about(questions.at, 2 * questions.window)
    return [change for change in differences(watched, await both.course(asked, step)) if change.at > questions.start]


def differences(watched: Watched, series: Sequence[Series]) -> Iterator[Change]:
    """Yield what differs from what stood before.

    The first that is known at all is no change. Nor is silence: what is no longer said still stands.
    """
    states: dict[float, dict[Key, set[str]]] = {}
    for one in series:
        for at, value in one.points:
            said = one.labels.get(watched.says, "") if watched.says else f"{value:g}"
            states.setdefault(at, {}).setdefault(key_of(one.labels, watched.by), set()).add(said)
    stands: dict[Key, str] = {}
    times = sorted(states)
    for number, at in enumerate(times):
        following = states[times[number + 1]] if number + 1 < len(times) else {}
        now = {key: _settled(said, following.get(key, said)) for key, said in sorted(states[at].items())}
        for key, after in now.items():
            if number and stands.get(key) != after:
                yield Change(at, watched.what, " / ".join(key), stands.get(key), after)
        stands |= now


def _settled(said: set[str], then: set[str]) -> str:
    """Return what stands: a stretch in which something changed has both, and only the newer is said from then on."""
    return ", ".join(sorted(said & then or said))
