"""A channel as the receiver of Alertmanager that delivers to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from monitoring.targets.channels import (
    LOG_ADDRESS,
    LOG_MAX_ALERTS,
    AnyChannel,
    Discord,
    Email,
    Log,
    PagerDuty,
    SecretPlace,
    Setting,
    Severity,
    Slack,
    Webhook,
)
from monitoring.targets.notifications import Limits
from pipeline.errors import ConfigError, Problem

# PagerDuty refuses every other one
_PAGER_SEVERITY = (
    '{{ if match "^(critical|error|warning|info)$" .CommonLabels.severity }}{{ .CommonLabels.severity }}'
    "{{ else }}warning{{ end }}"
)
Version = tuple[int, int]
Values = Mapping[str, str]  # field of a channel -> its value, found when the configuration is rendered

OLDEST: Version = (0, 25)
SECRETS = "/etc/alertmanager/secrets"  # where a configuration that was not rendered looks for its secrets
DISCORD_FILE: Version = (0, 28)
WEBHOOK_FILE: Version = (0, 26)
SLACK_UPDATE: Version = (0, 32)
NAMED_INHIBITION: Version = (0, 30)
_SLACK_API = "https://slack.com/api/chat.postMessage"

COLOR = '{{ template "pipemeter.color" . }}'
TITLE = '{{ template "pipemeter.title" . }}'


def receiver(channel: AnyChannel, limits: Limits, version: Version, values: Values | None) -> dict[str, Any]:
    """Return the receiver for a channel.

    `values` None: secrets are named as files below `SECRETS`, and a channel that this version of Alertmanager cannot
    give a file has no integration. Raises ConfigError for what the version cannot do.
    """
    key, config = _integration(channel, limits, version, values)
    found: dict[str, Any] = {"name": channel.name}
    if config is not None:
        found[key] = [{"send_resolved": channel.send_resolved, **config}]
    return found


def secret_file(place: SecretPlace | Setting | None) -> str:
    """Return the file that stands for a secret in a configuration that was not rendered."""
    if place is None:
        return ""
    return place.file or f"{SECRETS}/{(place.env or '').lower()}"


def _integration(
    channel: AnyChannel, limits: Limits, version: Version, values: Values | None
) -> tuple[str, dict[str, Any] | None]:
    match channel:
        case Log():
            return "webhook_configs", _log(channel, limits, values)
        case Slack():
            return "slack_configs", _slack(channel, version, values)
        case Discord():
            return "discord_configs", _discord(channel, version, values)
        case Webhook():
            return "webhook_configs", _webhook(channel, version, values)
        case Email():
            return "email_configs", _email(channel, values)
        case PagerDuty():
            return "pagerduty_configs", _pagerduty(channel, values)


def _log(channel: Log, limits: Limits, values: Values | None) -> dict[str, Any]:
    found = values if values is not None else {}
    address = found.get("url") or channel.url.value or LOG_ADDRESS
    held = {
        "per_hour": channel.per_hour or limits.per_hour,
        "per_model_per_hour": limits.per_model_per_hour,
        "minimum_severity": least(channel, limits),
    }
    query = urlencode({name: value for name, value in held.items() if value and value != "info"})
    url = f"{address.rstrip('/')}/api/alerts" + (f"?{query}" if query else "")
    return {"url": url, **_bearer(found.get("token")), "max_alerts": LOG_MAX_ALERTS}


def least(channel: AnyChannel, limits: Limits) -> Severity:
    """Return the least urgent severity that a channel is told of."""
    return channel.minimum_severity or limits.minimum_severity


def _slack(channel: Slack, version: Version, values: Values | None) -> dict[str, Any]:
    if channel.update_message and version < SLACK_UPDATE:
        raise too_new(f"channels.{channel.name}.update_message", "true", SLACK_UPDATE, version)
    where: dict[str, Any]
    if channel.token:
        bearer = _bearer(values.get("token")) if values is not None else _bearer_file(channel.token)
        where = {"api_url": _SLACK_API, **bearer}
    elif values is None:
        where = {"api_url_file": secret_file(channel.url)}
    else:
        where = {"api_url": values["url"]}
    if channel.channel:
        where["channel"] = channel.channel
    if channel.update_message:
        where["update_message"] = True
    return {
        **where,
        "color": COLOR,
        "title": TITLE,
        "title_link": '{{ template "pipemeter.link" . }}',
        "fallback": TITLE,
        "text": '{{ template "pipemeter.slack" . }}',
        "footer": "pipemeter",
        "short_fields": False,
    }


def _discord(channel: Discord, version: Version, values: Values | None) -> dict[str, Any] | None:
    if values is not None:
        where = {"webhook_url": values["url"]}
    elif version >= DISCORD_FILE:
        where = {"webhook_url_file": secret_file(channel.url)}
    else:
        return None
    return {**where, "title": TITLE, "message": '{{ template "pipemeter.discord" . }}'}


def _webhook(channel: Webhook, version: Version, values: Values | None) -> dict[str, Any] | None:
    if values is not None:
        where = {"url": values["url"], **_bearer(values.get("token"))}
    elif channel.url.value:
        where = {"url": channel.url.value, **_bearer_file(channel.token)}
    elif version >= WEBHOOK_FILE:
        where = {"url_file": secret_file(channel.url), **_bearer_file(channel.token)}
    else:
        return None
    return {**where, "max_alerts": channel.max_alerts}


def _email(channel: Email, values: Values | None) -> dict[str, Any] | None:
    found = values if values is not None else {}
    smarthost = found.get("smarthost") or channel.smarthost.value
    if not smarthost:
        return None
    username = found.get("username") or channel.username.value
    login: dict[str, Any] = {}
    if username and values is None:
        login = {"auth_username": username, "auth_password_file": secret_file(channel.password)}
    elif username and "password" in found:
        login = {"auth_username": username, "auth_password": found["password"]}
    return {
        "to": channel.to,
        "from": channel.sender,
        "smarthost": smarthost,
        **login,
        "require_tls": channel.require_tls,
        "headers": {"Subject": TITLE},
        "text": '{{ template "pipemeter.text" . }}',
        "html": "",  # else Alertmanager's own page comes along, and readers of mail show that one
    }


def _pagerduty(channel: PagerDuty, values: Values | None) -> dict[str, Any]:
    key = {"routing_key": values["routing_key"]} if values is not None else {
        "routing_key_file": secret_file(channel.routing_key)
    }  # fmt: skip
    return {
        **key,
        "description": TITLE,
        "severity": _PAGER_SEVERITY,
        "class": "{{ .CommonLabels.alertname }}",
        "component": "{{ .CommonLabels.domain }}",
        "client": "pipemeter",
        "client_url": '{{ template "pipemeter.link" . }}',
        "details": {"text": '{{ template "pipemeter.text" . }}'},
    }


def _bearer(token: str | None) -> dict[str, Any]:
    return {"http_config": {"authorization": {"type": "Bearer", "credentials": token}}} if token else {}


def _bearer_file(place: SecretPlace | None) -> dict[str, Any]:
    if place is None:
        return {}
    return {"http_config": {"authorization": {"type": "Bearer", "credentials_file": secret_file(place)}}}


def too_new(key: str, value: str, needed: Version, version: Version) -> ConfigError:
    """Return the refusal of something that the target version does not know."""
    wanted = f"Alertmanager {shown(needed)} or newer; the target is {shown(version)} (--alertmanager)"
    return ConfigError([Problem("config/monitoring.yaml", None, f"notifications.{key}", value, wanted)])


def shown(version: Version) -> str:
    """Return a version as people write it."""
    return ".".join(map(str, version))


def parse_version(text: str) -> Version:
    """Return major and minor of a version such as 0.25 or v0.34.0. Raises ValueError saying what was expected."""
    found = re.match(r"^v?(\d{1,4})\.(\d{1,4})(\.\d+)?$", text)
    if not found:
        raise ValueError(f"{text!r}: expected major.minor, such as {shown(OLDEST)}")
    return int(found[1]), int(found[2])
