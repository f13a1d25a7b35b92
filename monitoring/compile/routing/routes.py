"""The tree of routes: which alert goes to which channel, how often, and when not.

root (the log takes what nothing else takes)
  what always fires (Watchdog) -> heartbeat
  a route of config/monitoring.yaml
    one of its channels
      a severity, where its pause, its quiet hours or its grouping differ
        alerts with a pause of their own
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from monitoring.compile.routing.integrations import least
from monitoring.domains.catalogue import heartbeats
from monitoring.targets.channels import SEVERITIES, AnyChannel, Log, Severity
from monitoring.targets.notifications import Cooldowns, Notifications, Route
from monitoring.wording.durations import format_duration

HEARTBEAT = "heartbeat"
TEST_LABEL = "test"  # "true" on alerts that `pipemeter alerts test` sends
TEST_ID = "test_id"  # one for each of them, so that none is grouped with another or with a real one
GROUP_BY = ("alertname", "domain", "severity", "slo", TEST_ID)
_RETRY = 60  # s between looks at the heartbeat's group, so that a beat comes at most that much late


class RouteTree:
    """Makes the routes. `used`: names of the quiet hours that some route observes, known after `root`."""

    def __init__(
        self,
        notifications: Notifications,
        cooldowns: Cooldowns,
        channels: set[str],
        group_interval: float | None,
    ) -> None:
        self.used: set[str] = set()
        self._it = notifications
        self._cooldowns = cooldowns
        self._channels = channels
        self._interval = notifications.group_interval if group_interval is None else group_interval
        self._usual = notifications.cooldowns["warning"]

    def root(self, group_wait: float | None) -> dict[str, Any]:
        """Return the root with everything below it."""
        every = self._it.heartbeat.every
        beat = {
            "receiver": HEARTBEAT,
            "matchers": [matcher("alertname", heartbeats())],
            "group_wait": "0s",
            "group_interval": _duration(min(_RETRY, every)),
            "repeat_interval": _duration(every),
        }
        return {
            "receiver": self._it.fallback,
            "group_by": list(GROUP_BY),
            "group_wait": _duration(self._it.group_wait if group_wait is None else group_wait),
            "group_interval": _duration(self._interval),
            "repeat_interval": _duration(self._usual),
            "routes": [beat, *(found for route in self._it.routes if (found := self._route(route)))],
        }

    def _route(self, route: Route) -> dict[str, Any] | None:
        channels = [self._it.channels[name] for name in route.channels if name in self._channels]
        mine = {severity for channel in channels for severity in self._told(route, channel)}
        if not mine:
            return None  # nobody is told: later routes have the alert
        children = [found for channel in channels if (found := self._channel(route, channel, mine)) is not None]
        for child in children[:-1]:
            child["continue"] = True
        matchers = _matchers(route, mine)
        node: dict[str, Any] = {"matchers": matchers} if matchers else {}
        if route.continues:
            node["continue"] = True
        if len(children) == 1 and "matchers" not in children[0]:  # then it needs no level of its own
            only = children[0]
            return {"receiver": only.pop("receiver"), **node, **only}
        return {**node, "routes": children}

    def _channel(self, route: Route, channel: AnyChannel, mine: set[Severity]) -> dict[str, Any] | None:
        told = self._told(route, channel)
        if not told:
            return None
        node: dict[str, Any] = {"receiver": channel.name}
        if len(told) < len(mine):
            node["matchers"] = [matcher("severity", told)]
        children = [child for severity in told if (child := self._severity(route, channel, severity))]
        if children:
            node["routes"] = children
        return node

    def _told(self, route: Route, channel: AnyChannel) -> tuple[Severity, ...]:
        wanted = route.severity or SEVERITIES
        if isinstance(channel, Log):  # holds back by itself, so that it can say how many
            return tuple(s for s in SEVERITIES if s in wanted)
        limit = SEVERITIES.index(least(channel, self._it.limits))
        return tuple(s for s in SEVERITIES[: limit + 1] if s in wanted)

    def _severity(self, route: Route, channel: AnyChannel, severity: Severity) -> dict[str, Any] | None:
        own = self._mutes(route, channel, severity) | self._grouping(channel, severity)
        pause = route.cooldown or self._it.cooldowns[severity]
        node = dict(own)
        if pause != self._usual:
            node["repeat_interval"] = _duration(pause)
        if alerts := self._alerts(route, own, pause):
            node["routes"] = alerts
        return {"matchers": [matcher("severity", (severity,))], **node} if node else None

    def _alerts(self, route: Route, own: dict[str, Any], pause: int) -> list[dict[str, Any]]:
        """Return the routes of alerts with a pause of their own, which a route's own pause goes over."""
        names = defaultdict(list)
        for (name, content_type), minutes in self._cooldowns.items():
            is_needed = 60 * minutes != pause or (content_type and (name, "") in self._cooldowns)
            if is_needed and _concerns(route, name) and route.cooldown is None:
                names[not content_type, minutes, content_type].append(name)
        return [
            {"matchers": [matcher("alertname", sorted(names[key])), *_of_type(key[2])], **own,
             "repeat_interval": _duration(60 * key[1])}
            for key in sorted(names)  # those of a content type first: the first that matches takes the alert
        ]  # fmt: skip

    def _mutes(self, route: Route, channel: AnyChannel, severity: Severity) -> dict[str, Any]:
        named = dict.fromkeys((*route.quiet_hours, *channel.quiet_hours))
        found = [name for name in named if severity in self._it.quiet_hours[name].severity]
        self.used.update(found)
        return {"mute_time_intervals": found} if found else {}

    def _grouping(self, channel: AnyChannel, severity: Severity) -> dict[str, Any]:
        """Return how a limit is approached: one message about everything, not more often than the limit allows."""
        limit = channel.per_hour or self._it.limits.per_hour
        if limit is None or severity == "critical" or isinstance(channel, Log):
            return {}
        interval = max(self._interval, 3600 / limit)
        return {"group_by": ["severity", TEST_ID], "group_interval": _duration(interval)}


def _of_type(content_type: str) -> list[str]:
    return [matcher("content_type", (content_type,))] if content_type else []


def _concerns(route: Route, name: str) -> bool:
    return not route.alert or any(_fits(pattern, name) for pattern in route.alert)


def _fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _matchers(route: Route, told: set[Severity]) -> list[str]:
    found = []
    if route.severity or len(told) < len(SEVERITIES):
        found.append(matcher("severity", [s for s in SEVERITIES if s in told]))
    if route.domain:
        found.append(matcher("domain", sorted(route.domain)))
    if route.alert:
        found.append(matcher("alertname", sorted(route.alert)))
    return found + [matcher(name, (route.labels[name],)) for name in sorted(route.labels)]


def matcher(label: str, values: Iterable[str]) -> str:
    """Return a matcher for one of several values; a `*` at the end of an alert's name stands for any ending."""
    names = list(values)
    if len(names) == 1 and not (label == "alertname" and names[0].endswith("*")):
        return f'{label}="{_quoted(names[0])}"'
    if label == "alertname":
        names = [f"{name[:-1]}.*" if name.endswith("*") else name for name in names]
        return f'{label}=~"{"|".join(names)}"'
    return f'{label}=~"{_quoted("|".join(map(re.escape, names)))}"'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return format_duration(whole) if whole == seconds else f"{round(seconds * 1000)}ms"
