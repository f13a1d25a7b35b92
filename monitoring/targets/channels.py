"""The kinds of channels that alerts can go to, and what each needs to know.

No secret stands in a file: a channel names the environment variable (`..._env`) or the file (`..._file`) that holds it.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # the most urgent first
LOG_ADDRESS = "http://localhost:8000"  # the exporter, where nobody says otherwise

PerHour = Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class SecretPlace(msgspec.Struct, frozen=True):
    """Where a secret is found when the configuration is rendered: a variable's name, a file's path.

    A variable NAME may also be given as NAME_FILE, the path of a file that holds the value.
    """

    env: str | None = None
    file: str | None = None


class Setting(msgspec.Struct, frozen=True):
    """A value that is no secret, and where another one may be found when the configuration is rendered."""

    value: str | None = None
    env: str | None = None
    file: str | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """What all channels have. `per_hour`: messages an hour that are wanted at most (None: no limit)."""

    name: str
    send_resolved: bool = True
    minimum_severity: Severity | None = None  # None: the one of `limits`
    per_hour: PerHour | None = None  # None: the one of `limits`
    quiet_hours: tuple[str, ...] = ()


LOG_MAX_ALERTS = 1000  # that the exporter takes in one notification; Alertmanager says how many more there are


class Log(Channel, frozen=True, kw_only=True, tag="log"):
    """The exporter's log: one JSON line an alert. `url` is the exporter's address."""

    url: Setting = Setting(LOG_ADDRESS, "DASHBOARD_API_URL")
    token: SecretPlace | None = SecretPlace("EXPORTER_TOKEN")


class Slack(Channel, frozen=True, kw_only=True, tag="slack"):
    """A Slack incoming webhook, or a bot with `token` and `channel`. `update_message` needs the bot."""

    url: SecretPlace = SecretPlace("SLACK_WEBHOOK_URL")
    token: SecretPlace | None = None
    channel: str | None = None
    update_message: bool = False


class Discord(Channel, frozen=True, kw_only=True, tag="discord"):
    """A Discord webhook."""

    url: SecretPlace = SecretPlace("DISCORD_WEBHOOK_URL")


class Webhook(Channel, frozen=True, kw_only=True, tag="webhook"):
    """Alertmanager's own JSON, posted to any address."""

    url: Setting = Setting()
    token: SecretPlace | None = None
    max_alerts: Annotated[int, msgspec.Meta(ge=0)] = 0  # 0: all


class Email(Channel, frozen=True, kw_only=True, tag="email"):
    """Mail by SMTP; without a password the server is used unauthenticated."""

    to: str = ""
    sender: str = ""
    smarthost: Setting = Setting(env="SMTP_SMARTHOST")
    username: Setting = Setting(env="SMTP_USERNAME")
    password: SecretPlace = SecretPlace("SMTP_PASSWORD")
    require_tls: bool = True


class PagerDuty(Channel, frozen=True, kw_only=True, tag="pagerduty"):
    """PagerDuty's Events API v2."""

    routing_key: SecretPlace = SecretPlace("PAGERDUTY_ROUTING_KEY")


AnyChannel = Log | Slack | Discord | Webhook | Email | PagerDuty
TYPES: dict[str, type[AnyChannel]] = {
    "log": Log,
    "slack": Slack,
    "discord": Discord,
    "webhook": Webhook,
    "email": Email,
    "pagerduty": PagerDuty,
}
KEY_OF = {"sender": "from", "continues": "continue"}  # fields whose key in YAML is a word of Python
REQUIRED: dict[str, tuple[str, ...]] = {"email": ("to", "sender"), "webhook": ("url",)}


def type_of(channel: AnyChannel) -> str:
    """Return the name of a channel's type."""
    return next(name for name, kind in TYPES.items() if isinstance(channel, kind))
