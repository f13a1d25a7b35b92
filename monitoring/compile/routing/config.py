"""alertmanager.yml from the section `notifications`: routes, inhibition, quiet hours, receivers.

root (the log takes what nothing else takes)
  what always fires (Watchdog) -> heartbeat
  a route of config/monitoring.yaml
    one of its channels
      a severity, where its pause, its quiet hours or its grouping differ
        alerts with a pause of their own
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from monitoring.alerts.labels import TIER, identity
from monitoring.compile.routing.integrations import NAMED_INHIBITION, OLDEST, Values, Version, receiver, shown
from monitoring.compile.routing.routes import HEARTBEAT, TEST_ID, RouteTree, matcher
from monitoring.targets.channels import AnyChannel, Log
from monitoring.targets.links import Links
from monitoring.targets.notifications import Cooldowns, Notifications
from monitoring.targets.quiet_hours import intervals
from pipeline.errors import ConfigError, Problem

TIERS = ("fast", "medium", "slow", "long")  # of error budget burn, the most urgent first

_TEMPLATES = Path(__file__).parent
_HEADER = """\
# Compiled by `{command}` from config/monitoring.yaml. DO NOT EDIT.
"""
FOLDER = "templates"
TEMPLATE_MARK = "Compiled by `pipemeter compile` from monitoring/compile/"  # in the first line of our templates
_TEMPLATE_HEADER = "{{{{/* {mark}{name}. DO NOT EDIT. */}}}}\n"


def alertmanager_config(
    notifications: Notifications,
    links: Links,  # noqa: ARG001 - messages lead there: see `templates`
    *,
    cooldowns: Cooldowns | None = None,
    version: Version = OLDEST,
    values: Mapping[str, Values] | None = None,
    group_wait: float | None = None,
    group_interval: float | None = None,
) -> dict[str, Any]:
    """Return the configuration of Alertmanager.

    `cooldowns`: minutes before an alert that lasts is told again. `values`: what was found for each
    channel (and `heartbeat`); channels that are not in it are left out; None: nothing was looked up, secrets are named
    as files. `group_wait`, `group_interval`: seconds, over those of the notifications. Raises ConfigError for what the
    version cannot do.
    """
    if version < OLDEST:
        problem = Problem("--alertmanager", None, "version", shown(version), f"{shown(OLDEST)} or newer")
        raise ConfigError([problem])
    channels = [c for c in notifications.channels.values() if _kept(c, values)]
    tree = RouteTree(notifications, cooldowns or {}, {channel.name for channel in channels}, group_interval)
    config: dict[str, Any] = {
        "global": {"resolve_timeout": "5m"},
        "templates": [f"{FOLDER}/*.tmpl"],
        "route": tree.root(group_wait),
        "inhibit_rules": inhibit_rules(version),
    }
    if tree.used:
        config["time_intervals"] = [
            {"name": name, "time_intervals": intervals(notifications.quiet_hours[name])} for name in sorted(tree.used)
        ]
    config["receivers"] = [
        _heartbeat(notifications, values),
        *(
            receiver(channel, notifications.limits, version, None if values is None else values.get(channel.name, {}))
            for channel in channels
        ),
    ]
    return config


def _kept(channel: AnyChannel, values: Mapping[str, Values] | None) -> bool:
    return values is None or channel.name in values or isinstance(channel, Log)


def inhibit_rules(version: Version = OLDEST) -> list[dict[str, Any]]:
    """Return what mutes what: the more urgent of the same alert, the faster burn of the same objective."""
    rules = [
        ("critical", 'severity="critical"', 'severity=~"warning|info"'),
        ("warning", 'severity="warning"', 'severity="info"'),
        *(
            (f"burn-{tier}", f'{TIER}="{tier}"', matcher(TIER, TIERS[position:]))
            for position, tier in enumerate(TIERS[:-1], start=1)
        ),
    ]
    named = version >= NAMED_INHIBITION
    return [
        {
            **({"name": name} if named else {}),
            "source_matchers": [source],
            "target_matchers": [target],
            "equal": [*identity(), TEST_ID],
        }
        for name, source, target in rules
    ]


def templates(links: Links) -> dict[str, str]:
    """Return the templates of messages by their path beside alertmanager.yml."""
    return {
        f"{FOLDER}/{path.name}": _TEMPLATE_HEADER.format(name=path.name, mark=TEMPLATE_MARK)
        + path.read_text(encoding="utf-8").replace("@ALERTMANAGER_URL@", links.alertmanager_url)
        for path in sorted(_TEMPLATES.glob("*.tmpl"))
    }


def yaml_text(config: Mapping[str, Any], *, command: str = "pipemeter compile", notes: Iterable[str] = ()) -> str:
    """Return a configuration as the text of alertmanager.yml."""
    header = _HEADER.format(command=command) + "".join(f"# {note}\n" for note in notes)
    return header + yaml.dump(dict(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Lists of words on one line; nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library calls it so
        return True


def _list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    words = all(isinstance(entry, str) for entry in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=words)


_Dumper.add_representer(list, _list)


def unfinished(notifications: Notifications, version: Version = OLDEST) -> list[str]:
    """Return notes on what a configuration that was not rendered cannot do."""
    silent = [
        name
        for name, channel in notifications.channels.items()
        if len(receiver(channel, notifications.limits, version, None)) == 1
    ]
    notes = [
        "No secret stands here. `pipemeter alertmanager render --out DIR` writes the file that Alertmanager runs on."
    ]
    if silent:
        notes.append(f"Silent until then (this version reads their address from no file): {', '.join(silent)}.")
    return notes


def _heartbeat(notifications: Notifications, values: Mapping[str, Values] | None) -> dict[str, Any]:
    url = notifications.heartbeat.url.value if values is None else values.get(HEARTBEAT, {}).get("url")
    found: dict[str, Any] = {"name": HEARTBEAT}
    if url:
        found["webhook_configs"] = [{"send_resolved": False, "url": url, "max_alerts": 1}]
    return found
