"""What good looks like: `config/monitoring.yaml`, read strictly, over built-in values.

One file of targets serves rules, alerts, routing, dashboards and commands. Whatever is wrong with it is collected and
refused at once, with file, line, key, value and what was expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from monitoring.domains import catalogue
from monitoring.domains.band import EDGES, OVERRIDDEN_BY, Bands
from monitoring.targets import waiting
from monitoring.targets.bands import read_bands
from monitoring.targets.links import Links, read_links
from monitoring.targets.notifications import Cooldowns, Notifications, read_notifications
from monitoring.targets.slos import DEFAULT_SLOS, Slo, burn_alert, read_slos
from monitoring.wording.durations import EXPECTED, parse_duration
from pipeline.configuration.config import load_config
from pipeline.domains.content.labels import CONTENT_TYPES
from pipeline.errors import ConfigError, Problem
from pipeline.yaml_file import Node, load, nearest

FILE_NAME = "monitoring.yaml"
DEFAULT_RETENTION = 35 * 86_400  # s, what docker-compose.yml sets


def _default_bands() -> dict[str, Bands]:
    return {one.signal: one.defaults for one in catalogue.metrics()}


class Targets(msgspec.Struct, frozen=True):
    """Everything that monitoring.yaml says. `bands` by signal; `overrides`: content type -> signal -> bands.

    `waiting`: keys that were written but have no effect yet, because this release has no metrics of their domain.
    `retention`: seconds that Prometheus keeps. `content_types`: those that the pipeline's configuration knows.
    """

    bands: Mapping[str, Bands] = msgspec.field(default_factory=_default_bands)
    overrides: Mapping[str, Mapping[str, Bands]] = {}
    slos: tuple[Slo, ...] = DEFAULT_SLOS
    notifications: Notifications = Notifications()
    links: Links = Links()
    retention: int = DEFAULT_RETENTION
    content_types: tuple[str, ...] = CONTENT_TYPES
    waiting: tuple[str, ...] = ()

    @property
    def cooldowns(self) -> Cooldowns:
        """Return the minutes for which alerts are not repeated, where a metric or an override of it sets them."""
        found: dict[tuple[str, str], int] = {}
        for content_type, bands in (("", self.bands), *self.overrides.items()):
            for one in catalogue.metrics():
                own = bands.get(one.signal)
                minutes = own.cooldown_minutes if own else None
                names = [name for name in (one.low_alert, one.high_alert) if name]
                found |= {(name, content_type): minutes for name in names if minutes}
        return found


def default_path() -> Path | None:
    """Return the file that is meant when none is named: `config/monitoring.yaml`, where it exists."""
    path = Path("config") / FILE_NAME
    return path if path.is_file() else None


def load_targets(path: Path | None) -> Targets:
    """Read a monitoring.yaml; None gives the built-in values.

    Content types are those of the pipeline's configuration in the same folder. Raises ConfigError with everything that
    is wrong.
    """
    if path is None:
        return Targets()
    problems: list[Problem] = []
    reader = _Reader(load(path), _content_types(path), problems)
    values = reader.values()
    if problems:
        raise ConfigError(problems)
    targets = Targets(**values)
    if outlasting := _outlasting(targets):
        raise ConfigError([reader.retention_problem(outlasting)])
    return targets


def _content_types(path: Path) -> tuple[str, ...]:
    """Return the content types known beside a monitoring.yaml; a broken pipeline configuration is refused elsewhere."""
    try:
        return load_config(path.parent).known_values().values["content_type"]
    except ConfigError:
        return CONTENT_TYPES


def _outlasting(targets: Targets) -> tuple[str, int] | None:
    """Return the longest window that Prometheus would not keep, with its name."""
    windows = [(f"slos.{slo.name}.window", slo.window) for slo in targets.slos]
    windows += [(f"{name}.window", bands.window) for name, bands in targets.bands.items()]
    windows += [
        (f"overrides.content_type.{content_type}.{name}.window", bands.window)
        for content_type, overrides in targets.overrides.items()
        for name, bands in overrides.items()
    ]
    name, longest = max(windows, key=lambda pair: pair[1], default=("", 0))
    return (name, longest) if longest > targets.retention else None


def _alert_names(slos: tuple[Slo, ...]) -> tuple[str, ...]:
    """Return every alert that routes may name."""
    metrics = (*catalogue.metrics(), *waiting.metrics_to_come())
    banded = [name for one in metrics for name in (one.low_alert, one.high_alert) if name]
    return (*banded, *(one.name for one in catalogue.fixed_alerts()), *(burn_alert(slo) for slo in slos))


class _Reader:
    """Turns the sections of one file into fields of Targets."""

    def __init__(self, root: Node, content_types: tuple[str, ...], problems: list[Problem]) -> None:
        self._root = root
        self._types = content_types
        self._problems = problems
        self._waiting: list[str] = []
        self._retention: Node | None = None

    def values(self) -> dict[str, Any]:
        """Return the fields; what is wrong goes to the problems."""
        sections = dict(self._guarded(lambda: list(self._root.items())) or [])
        of_domains = dict.fromkeys((*catalogue.sections(), *(one.section for one in waiting.metrics_to_come())))
        to_come = waiting.keys_to_come()
        known = (*of_domains, *to_come, "overrides", "slos", "prometheus", "links", "notifications")
        for name, node in sections.items():
            if name not in known:
                self._problems.append(node.problem("a known section, " + nearest(name, known)))
        bands = _default_bands()
        for name in of_domains:
            if name in sections:
                self._guarded(lambda name=name: self._section(sections[name], name, bands))
        for name, keys in to_come.items():
            if name in sections:
                self._guarded(lambda name=name, keys=keys: self._wait(sections[name], name, keys))
        values: dict[str, Any] = {"bands": bands, "content_types": self._types}
        if "overrides" in sections:
            values["overrides"] = self._guarded(lambda: self._overrides(sections["overrides"], bands)) or {}
        if "slos" in sections:
            values["slos"] = self._guarded(lambda: read_slos(sections["slos"], self._problems)) or ()
        if "prometheus" in sections:
            values |= self._guarded(lambda: self._prometheus(sections["prometheus"])) or {}
        values["links"] = read_links(sections.get("links"), self._problems)
        names = _alert_names(values.get("slos", DEFAULT_SLOS))
        values["notifications"] = read_notifications(
            sections.get("notifications"), self._problems, alerts=names, domains=waiting.domain_names()
        )
        values["waiting"] = tuple(self._waiting)
        return values

    def _guarded(self, read: Any) -> Any:
        try:
            return read()
        except ConfigError as error:  # of another form altogether, such as a list instead of a mapping
            self._problems.extend(error.problems)
            return None

    def _section(self, node: Node, section: str, bands: dict[str, Bands]) -> None:
        metrics = (*catalogue.metrics(), *waiting.metrics_to_come())
        keys = {one.key: one for one in metrics if one.section == section}
        for key, entry in node.items():
            found = keys.get(key)
            if found is None:
                self._problems.append(entry.problem("a known metric, " + nearest(key, keys)))
                continue
            base = bands[found.signal] if found.signal else Bands()
            read = read_bands(entry, found, base, self._problems)
            if found.signal:
                bands[found.signal] = read
            else:
                self._waiting.append(found.path)

    def _wait(self, node: Node, section: str, keys: tuple[str, ...]) -> None:
        wrong = [(key, entry) for key, entry in node.items() if key not in keys]
        self._problems += [entry.problem("a known key, " + nearest(key, keys)) for key, entry in wrong]
        self._waiting.append(section)

    def _overrides(self, node: Node, bands: Mapping[str, Bands]) -> dict[str, dict[str, Bands]]:
        found: dict[str, dict[str, Bands]] = {}
        for split, by_type in node.items():
            if split != OVERRIDDEN_BY:
                self._problems.append(by_type.problem("a known split, " + nearest(split, [OVERRIDDEN_BY])))
                continue
            for content_type, metrics in by_type.items():
                if content_type not in self._types:
                    self._problems.append(metrics.problem("a content type, " + nearest(content_type, self._types)))
                    continue
                found[content_type] = self._overridden(metrics, bands)
        return found

    def _overridden(self, node: Node, bands: Mapping[str, Bands]) -> dict[str, Bands]:
        metrics = {m.key: m for m in catalogue.metrics() if OVERRIDDEN_BY in catalogue.signal(m.signal).splits}
        found: dict[str, Bands] = {}
        for key, entry in node.items():
            if key not in metrics:
                self._problems.append(entry.problem("a metric that content types have, " + nearest(key, metrics)))
                continue
            one = metrics[key]
            base = msgspec.structs.replace(bands[one.signal], **dict.fromkeys(EDGES))
            found[one.signal] = read_bands(entry, one, base, self._problems)
        return found

    def _prometheus(self, node: Node) -> dict[str, int]:
        values: dict[str, int] = {}
        for key, entry in node.items():
            if key != "retention":
                self._problems.append(entry.problem("a known key, " + nearest(key, ["retention"])))
                continue
            self._retention = entry
            try:
                values["retention"] = parse_duration(entry.plain()) if isinstance(entry.plain(), str) else 0
            except ValueError:
                values["retention"] = 0
            if values["retention"] <= 0:
                self._problems.append(entry.problem(f"{EXPECTED}: how long Prometheus keeps its data"))
        return values

    def retention_problem(self, outlasting: tuple[str, int]) -> Problem:
        """Return the problem that Prometheus forgets before a window is over."""
        name, seconds = outlasting
        expected = f"at least {seconds // 86_400}d, because {name} looks back that far"
        if self._retention is not None:
            return self._retention.problem(expected)
        return Problem(
            self._root.file, None, "prometheus.retention", f"{DEFAULT_RETENTION // 86_400}d, built in", expected
        )
