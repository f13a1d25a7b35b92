"""Notifications as an AlertmanagerConfig of the Prometheus operator, `monitoring.coreos.com/v1alpha1`.

It is made from the very configuration that Alertmanager itself gets: routes, inhibition and messages are the same. What
differs: secrets are named by key of one Kubernetes Secret, and templates stand inside the fields that use them. What
the resource has no field for is refused with the reason, never left out in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from monitoring.compile.routing.config import alertmanager_config, templates
from monitoring.compile.routing.integrations import OLDEST, Values, Version
from monitoring.compile.routing.templates import definitions, inlined
from monitoring.targets.channels import (
    LOG_ADDRESS,
    AnyChannel,
    Discord,
    Email,
    Log,
    PagerDuty,
    SecretPlace,
    Setting,
    Slack,
)
from monitoring.targets.notifications import Notifications
from monitoring.targets.targets import Targets
from monitoring.targets.waiting import domain_names
from pipeline.errors import ConfigError, Problem

API_VERSION = "monitoring.coreos.com/v1alpha1"
_SECRET = "secret-key:"  # noqa: S105 - marks the name of a key while the configuration is made
_CAPITALS = {"api_url": "apiURL", "webhook_url": "apiURL", "client_url": "clientURL", "require_tls": "requireTLS"}
_MATCHER = re.compile(r'^(\w+)(=~|!~|!=|=)"(.*)"$', re.DOTALL)
_SLACK_URL = "SLACK_API_URL"  # a bot's address is no secret, but the resource takes it from nowhere else


class Notices:
    """The AlertmanagerConfig of some targets. `secret`: name of the Secret; `exporter`: its address in the cluster."""

    def __init__(self, targets: Targets, secret: str, exporter: str, alertmanager: Version = OLDEST) -> None:
        self._it: Notifications = targets.notifications
        self._secret = secret
        self._exporter = exporter
        self._known = definitions(templates(targets.links).values())
        values = {name: self._values(channel) for name, channel in self._it.channels.items()}
        if self._it.heartbeat.url.value:
            values["heartbeat"] = {"url": self._it.heartbeat.url.value}
        self._config = alertmanager_config(
            self._it, targets.links, cooldowns=targets.cooldowns, version=alertmanager, values=values
        )

    def secret_keys(self) -> dict[str, str]:
        """Return the keys that the Secret has to have, each with its value as a shell writes it."""
        found = re.findall(rf"{_SECRET}([-._a-zA-Z0-9]+)", repr(self._config["receivers"]))
        slack = [config for receiver in self._config["receivers"] for config in receiver.get("slack_configs", ())]
        values = {key: f'"${key}"' for key in sorted(set(found))}
        for config in slack:
            if not config["api_url"].startswith(_SECRET):
                values[_SLACK_URL] = config["api_url"]
        return values

    def spec(self) -> dict[str, Any]:
        """Return the resource's spec. Raises ConfigError for what it cannot say."""
        config = self._config
        root = {**config["route"], "matchers": [f'domain=~"{"|".join(sorted(domain_names()))}"']}
        spec: dict[str, Any] = {
            "route": _route(root),
            "receivers": [self._receiver(receiver) for receiver in config["receivers"]],
            "inhibitRules": [
                {
                    "sourceMatch": [_matcher(text) for text in rule["source_matchers"]],
                    "targetMatch": [_matcher(text) for text in rule["target_matchers"]],
                    "equal": rule["equal"],
                }
                for rule in config["inhibit_rules"]
            ],
        }
        if "time_intervals" in config:
            spec["muteTimeIntervals"] = [self._mute(times) for times in config["time_intervals"]]
        return spec

    def _values(self, channel: AnyChannel) -> Values:
        """Return what each field of a channel holds; marked where it is a key of the Secret."""
        match channel:
            case Log():
                own = channel.url.value not in (None, LOG_ADDRESS)
                address = channel.url.value if own else self._exporter
                return {"url": str(address), **_optional("token", channel.token)}
            case Slack() if channel.token:
                if channel.update_message:
                    raise _impossible(
                        channel, "update_message", "true", "false: an AlertmanagerConfig has no such field"
                    )
                return _optional("token", channel.token)
            case Slack() | Discord():
                return {"url": _key(channel.url)}
            case PagerDuty():
                return {"routing_key": _key(channel.routing_key)}
            case Email():
                return _mail(channel)
            case _:
                return {"url": channel.url.value or _key(channel.url), **_optional("token", channel.token)}

    def _receiver(self, receiver: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"name": receiver["name"]}
        for kind, configs in receiver.items():
            if kind != "name":
                found[_camel(kind)] = [self._integration(kind, config) for config in configs]
        return found

    def _integration(self, kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for field, value in config.items():
            if value == "":  # the operator leaves it out whatever stands here
                continue
            if field == "http_config":
                token = value["authorization"]
                found["httpConfig"] = {
                    "authorization": {"type": token["type"], "credentials": self._selected(token["credentials"])}
                }
            elif field == "api_url" and not value.startswith(_SECRET):
                found["apiURL"] = self._selected(_SECRET + _SLACK_URL)
            elif isinstance(value, dict):
                found[_camel(field)] = [{"key": k, "value": self._field(v)} for k, v in value.items()]
            elif kind == "webhook_configs" and field == "url" and value.startswith(_SECRET):
                found["urlSecret"] = self._selected(value)
            else:
                found[_camel(field)] = self._field(value)
        return found

    def _field(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return self._selected(value) if value.startswith(_SECRET) else inlined(value, self._known)

    def _selected(self, marked: str) -> dict[str, str]:
        return {"name": self._secret, "key": marked.removeprefix(_SECRET)}

    def _mute(self, named: Mapping[str, Any]) -> dict[str, Any]:
        intervals = []
        for interval in named["time_intervals"]:
            if interval["location"] not in ("UTC", "Etc/UTC"):
                key = f"notifications.quiet_hours.{named['name']}.time_zone"
                expected = "UTC with --target operator: an AlertmanagerConfig knows no time zones"
                raise ConfigError([Problem("config/monitoring.yaml", None, key, interval["location"], expected)])
            times = [{"startTime": t["start_time"], "endTime": t["end_time"]} for t in interval["times"]]
            weekdays = {"weekdays": interval["weekdays"]} if "weekdays" in interval else {}
            intervals.append({"times": times, **weekdays})
        return {"name": named["name"], "timeIntervals": intervals}


def _key(place: SecretPlace | Setting) -> str:
    """Return a secret's key in the Secret, marked: the name of its variable, else that of its file."""
    return _SECRET + (place.env or re.sub(r"[^-._a-zA-Z0-9]", "-", PurePosixPath(place.file or "").name))


def _optional(field: str, place: SecretPlace | None) -> dict[str, str]:
    return {field: _key(place)} if place else {}


def _mail(channel: Email) -> dict[str, str]:
    if not channel.smarthost.value:
        expected = "host:port with --target operator: an AlertmanagerConfig takes it from no Secret"
        raise _impossible(channel, "smarthost", "not given", expected)
    login = {"username": channel.username.value, "password": _key(channel.password)} if channel.username.value else {}
    return {"smarthost": channel.smarthost.value, **login}


def _impossible(channel: AnyChannel, field: str, value: str, expected: str) -> ConfigError:
    key = f"notifications.channels.{channel.name}.{field}"
    return ConfigError([Problem("config/monitoring.yaml", None, key, value, expected)])


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return _CAPITALS.get(name) or first + "".join(word.capitalize() for word in rest)


def _route(route: Mapping[str, Any]) -> dict[str, Any]:
    found = {_camel(key): value for key, value in route.items()}
    if "matchers" in found:
        found["matchers"] = [_matcher(text) for text in found["matchers"]]
    if "routes" in found:
        found["routes"] = [_route(child) for child in found["routes"]]
    return found


def _matcher(text: str) -> dict[str, str]:
    found = _MATCHER.match(text)
    assert found, text
    value = re.sub(r"\\(.)", lambda escaped: {"n": "\n"}.get(escaped[1], escaped[1]), found[3])
    return {"name": found[1], "matchType": found[2], "value": value}
