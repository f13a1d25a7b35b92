"""The section `notifications` of config/monitoring.yaml: who is told of which alert, how often, and when not."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import msgspec

from monitoring.targets.channels import (
    KEY_OF,
    REQUIRED,
    SEVERITIES,
    TYPES,
    AnyChannel,
    Discord,
    Log,
    PerHour,
    Setting,
    Severity,
    Slack,
)
from monitoring.targets.fields import Reader, hidden, mapping, one_of, read_fields, seconds, texts
from monitoring.targets.quiet_hours import QuietHours, read_quiet_hours
from pipeline.errors import Problem
from pipeline.yaml_file import Node, nearest

_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_-]{0,62}$")
_LABEL = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_ALERT = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*\*?$")
_RESERVED = ("heartbeat",)  # a receiver of ours
_COOLDOWNS: dict[Severity, int] = {"critical": 3_600, "warning": 14_400, "info": 86_400}
_COOLDOWN = seconds(60, 432_000, "from 1m to 5d (Alertmanager forgets what it sent after that)")
_GROUPING = seconds(1, 86_400, "from 1s to 1d")


class Route(msgspec.Struct, frozen=True):
    """Alerts that match everything given go to `channels`, and to later routes only with `continues`.

    `alert`: names, or beginnings of names with a `*` at the end. `cooldown`: seconds, over the one of the severity.
    """

    severity: tuple[Severity, ...] = ()
    domain: tuple[str, ...] = ()
    alert: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    channels: tuple[str, ...] = ()
    continues: bool = False
    quiet_hours: tuple[str, ...] = ()
    cooldown: int | None = None


class Limits(msgspec.Struct, frozen=True):
    """How much is told at most (None: no limit): hard in the log channel, elsewhere approached by grouping."""

    per_hour: PerHour | None = None
    per_model_per_hour: PerHour | None = None
    minimum_severity: Severity = "info"


class Heartbeat(msgspec.Struct, frozen=True):
    """An address outside that expects to hear the Watchdog every `every` seconds, and complains when it does not."""

    url: Setting = Setting(env="HEARTBEAT_URL")
    every: int = 300


def default_channels() -> dict[str, AnyChannel]:
    """Return the channels of a file that names none."""
    return {"slack": Slack(name="slack"), "discord": Discord(name="discord"), "log": Log(name="log")}


Cooldowns = Mapping[tuple[str, str], int]  # (alert, content type or "" for all) -> minutes until it is told again


class Notifications(msgspec.Struct, frozen=True):
    """Who is told of what. Durations in seconds; `cooldowns` are pauses before an alert that lasts is told again."""

    channels: Mapping[str, AnyChannel] = msgspec.field(default_factory=default_channels)
    routes: tuple[Route, ...] = (
        Route(severity=("critical", "warning"), channels=("slack", "discord"), continues=True),
        Route(channels=("log",)),
    )
    cooldowns: Mapping[Severity, int] = msgspec.field(default_factory=lambda: dict(_COOLDOWNS))
    group_wait: int = 30
    group_interval: int = 300
    quiet_hours: Mapping[str, QuietHours] = {}
    limits: Limits = Limits()
    heartbeat: Heartbeat = Heartbeat()

    @property
    def fallback(self) -> str:
        """The log channel, which takes what no route takes."""
        return next(name for name, channel in self.channels.items() if isinstance(channel, Log))


def read_notifications(
    node: Node | None, problems: list[Problem], *, alerts: Collection[str] = (), domains: Collection[str] = ()
) -> Notifications:
    """Read the section `notifications`; what is absent has its built-in value, what is wrong is added to `problems`.

    `alerts`, `domains`: the names that exist; where given, routes may name only these.
    """
    if node is None:
        return Notifications()
    entries = dict(node.items()) if isinstance(node.value, dict) else {}
    readers: dict[str, Reader] = {
        "channels": partial(_channels, problems=problems),
        "routes": partial(_routes, problems=problems, alerts=alerts, domains=domains),
        "cooldowns": partial(_cooldowns, problems=problems),
        "group_wait": _GROUPING,
        "group_interval": _GROUPING,
        "quiet_hours": partial(_all_quiet_hours, problems=problems),
        "limits": lambda entry: read_fields(entry, Limits(), problems),
        "heartbeat": lambda entry: read_fields(entry, Heartbeat(), problems, readers={"every": _GROUPING}),
    }
    found = read_fields(node, Notifications(), problems, readers=readers)
    _check_names(found, entries, problems)
    return found


def _channels(node: Node, problems: list[Problem]) -> dict[str, AnyChannel]:
    channels: dict[str, AnyChannel] = {}
    for name, entry in mapping(node, problems):
        if not _NAME.match(name) or name in _RESERVED:
            problems.append(entry.problem("a name of letters, digits, _ and -, not `heartbeat`"))
        elif (channel := _channel(name, entry, problems)) is not None:
            channels[name] = channel
    if not any(isinstance(channel, Log) for channel in channels.values()):
        channels.setdefault("log", Log(name="log"))
        if not isinstance(channels["log"], Log):
            problems.append(node.problem("a channel of type log, or the name `log` left for it"))
            channels["log"] = Log(name="log")
    return channels


def _channel(name: str, node: Node, problems: list[Problem]) -> AnyChannel | None:
    entries = dict(mapping(node, problems))
    if "type" not in entries:
        problems.append(hidden(node, f"`type`, one of: {', '.join(TYPES)}"))
        return None
    kind = entries.pop("type").plain()
    if kind not in TYPES:
        problems.append(dict(node.items())["type"].problem(nearest(str(kind), TYPES)))
        return None
    channel = read_fields(Node(entries, node.file, node.line, node.key), TYPES[kind](name=name), problems)
    missing = [field for field in REQUIRED.get(kind, ()) if getattr(channel, field) in ("", Setting())]
    problems.extend(hidden(node, f"`{KEY_OF.get(field, field)}`, which type {kind} needs") for field in missing)
    if isinstance(channel, Slack):
        _check_slack(channel, node, problems)
    return channel


def _check_slack(channel: Slack, node: Node, problems: list[Problem]) -> None:
    if channel.token and not channel.channel:
        problems.append(hidden(node, "`channel` beside the token: a bot has to be told where to write"))
    if channel.update_message and not channel.token:
        problems.append(hidden(node, "`token_env` beside update_message: a webhook cannot change its messages"))


def _routes(
    node: Node, problems: list[Problem], alerts: Collection[str], domains: Collection[str]
) -> tuple[Route, ...]:
    if not isinstance(node.value, list):
        raise ValueError("a list of routes, the first that matches counts")
    return tuple(_route(entry, problems, alerts, domains) for entry in node.entries())


def _route(node: Node, problems: list[Problem], alerts: Collection[str], domains: Collection[str]) -> Route:
    readers: dict[str, Reader] = {
        "severity": one_of(SEVERITIES),
        "domain": one_of(tuple(domains)) if domains else texts,
        "alert": partial(_alert_names, known=alerts),
        "labels": _labels,
        "cooldown": _COOLDOWN,
    }
    route = read_fields(node, Route(), problems, readers=readers)
    if not route.channels and isinstance(node.value, dict) and "channels" not in node.value:
        problems.append(node.problem("`channels`: a list of the names under channels"))
    return route


def _alert_names(node: Node, known: Collection[str]) -> tuple[str, ...]:
    names = texts(node)
    for name in names:
        if not _ALERT.match(name):
            raise ValueError("names of alerts, or their beginnings with a * at the end")
        if known and not any(alert == name or (name[-1] == "*" and alert.startswith(name[:-1])) for alert in known):
            raise ValueError(nearest(name, known))
    return names


def _labels(node: Node) -> dict[str, str]:
    found = node.plain()
    if not isinstance(found, dict) or not all(_LABEL.match(k) and isinstance(v, str) for k, v in found.items()):
        raise ValueError("a mapping of labels to texts")
    return found


def _cooldowns(node: Node, problems: list[Problem]) -> dict[Severity, int]:
    found = dict(_COOLDOWNS)
    for name, entry in mapping(node, problems):
        severity: Any = name
        if name not in SEVERITIES:
            problems.append(entry.problem(f"a known severity, {nearest(name, SEVERITIES)}"))
            continue
        try:
            found[severity] = _COOLDOWN(entry)
        except ValueError as error:
            problems.append(entry.problem(str(error)))
    return found


def _all_quiet_hours(node: Node, problems: list[Problem]) -> dict[str, QuietHours]:
    return {name: read_quiet_hours(name, entry, problems) for name, entry in mapping(node, problems)}


def _check_names(found: Notifications, entries: Mapping[str, Node], problems: list[Problem]) -> None:
    """Every channel and every quiet time that is named must exist."""
    routes, channels = entries.get("routes"), entries.get("channels")
    named = dict(mapping(channels, [])) if channels is not None else {}
    valid = {*found.channels, *named}  # a channel that is wrong has been refused already
    if routes is None and named and not valid >= {name for route in found.routes for name in route.channels}:
        wanted = "`routes` beside channels: the built-in routes name slack, discord and log"
        problems.append(Problem(channels.file, channels.line, channels.key, ", ".join(named), wanted))  # type: ignore[union-attr]
    for entry in routes.value if routes is not None and isinstance(routes.value, list) else ():
        _check_used(entry, "channels", valid, problems)
        _check_used(entry, "quiet_hours", found.quiet_hours, problems)
    for entry in named.values():
        _check_used(entry, "quiet_hours", found.quiet_hours, problems)


def _check_used(node: Node, key: str, valid: Collection[str], problems: list[Problem]) -> None:
    used = node.value.get(key) if isinstance(node.value, dict) else None
    plain = used.plain() if used is not None else []
    for name in [plain] if isinstance(plain, str) else plain if isinstance(plain, list) else []:
        if used is not None and isinstance(name, str) and name not in valid:
            wanted = nearest(name, valid) if valid else f"a name under notifications.{key}, where there is none"
            problems.append(Problem(used.file, used.line, used.key, repr(name), wanted))
