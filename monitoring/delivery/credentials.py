"""What the channels need to know and the file does not say: looked up in the environment and in files.

A value is taken as it is, spaces and all; only a file's last line end is not part of it. Nothing here prints a value. A
channel whose secret is not there is left out, with a note that says which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from monitoring.compile.routing.routes import HEARTBEAT
from monitoring.targets.channels import AnyChannel, Discord, Email, Log, PagerDuty, SecretPlace, Setting, Slack, Webhook
from monitoring.targets.notifications import Notifications
from monitoring.wording.addresses import is_http_address
from pipeline.errors import HIDDEN, ConfigError, Problem
from pipeline.settings import ONE_LINE, is_one_line

ReadFile = Callable[[Path], str]
_ADDRESS = "an address such as https://example.com/path"
_ADDRESSES = frozenset({"url"})  # fields that hold one
_TRIMMED = _ADDRESSES | {"smarthost"}  # a space beside an address is none of it


class Credentials(msgspec.Struct, frozen=True):
    """Values by channel and field, and notes on what is left out. Not to be printed: the values are secrets."""

    values: Mapping[str, Mapping[str, str]]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self.values)})"


def find_credentials(notifications: Notifications, environ: Mapping[str, str], read: ReadFile) -> Credentials:
    """Look everything up. Raises ConfigError naming variable or file, never the value, for what is malformed."""
    lookup = _Lookup(environ, read)
    values: dict[str, dict[str, str]] = {}
    notes: list[str] = []
    for name, channel in notifications.channels.items():
        found = lookup.fields(channel)
        needed = [field for field in _needed(channel, found) if field not in found]
        missing = [lookup.why_not(field, getattr(channel, field)) for field in needed]
        if missing:
            notes.append(f"channel {name} is left out: {' and '.join(missing)}")
        else:
            values[name] = found
    if beat := lookup.field("url", notifications.heartbeat.url):
        values[HEARTBEAT] = {"url": beat}
    if lookup.problems:
        raise ConfigError(lookup.problems)
    return Credentials(values, tuple(notes))


def read_secret(path: Path) -> str:
    """Return the content of a file that holds one secret, without a byte order mark. Raises OSError, UnicodeError."""
    return path.read_bytes().decode("utf-8-sig")


def _needed(channel: AnyChannel, found: Mapping[str, str]) -> tuple[str, ...]:
    match channel:
        case Slack():
            return ("token",) if channel.token else ("url",)
        case Discord() | Webhook():
            return ("url",)
        case PagerDuty():
            return ("routing_key",)
        case Email():
            return ("smarthost", "password") if "username" in found else ("smarthost",)
        case Log():
            return ()


class _Lookup:
    def __init__(self, environ: Mapping[str, str], read: ReadFile) -> None:
        self.problems: list[Problem] = []
        self._environ = environ
        self._read = read

    def fields(self, channel: AnyChannel) -> dict[str, str]:
        places = {name: getattr(channel, name) for name in channel.__struct_fields__}
        found = {n: self.field(n, p) for n, p in places.items() if isinstance(p, (SecretPlace, Setting))}
        return {name: value for name, value in found.items() if value}

    def field(self, name: str, place: SecretPlace | Setting) -> str:
        """Return the value of a field, empty when it is nowhere."""
        value, origin = self._value(place)
        if name in _TRIMMED or value.isspace():
            value = value.strip()
        if value and (expected := _refusal(name, value)):
            self.problems.append(Problem(origin, None, name, HIDDEN, expected))
            return ""
        return value

    def why_not(self, name: str, place: SecretPlace | Setting) -> str:
        """Return why a field has no value."""
        if place.file or self._environ.get(f"{place.env}_FILE", "").strip():
            return f"{place.file or f'the file that {place.env}_FILE names'} is empty"
        return f"{place.env or name} is {'empty' if place.env in self._environ else 'not set'}"

    def _value(self, place: SecretPlace | Setting) -> tuple[str, str]:
        if place.file:
            return self._content(place.file, place.file)
        if place.env and (text := self._environ.get(place.env, "")).strip():
            return text, f"environment variable {place.env}"
        if place.env and (path := self._environ.get(f"{place.env}_FILE", "").strip()):
            return self._content(path, f"environment variable {place.env}_FILE")
        value = place.value if isinstance(place, Setting) else None
        return value or "", "config/monitoring.yaml"

    def _content(self, path: str, origin: str) -> tuple[str, str]:
        try:
            return self._read(Path(path).expanduser()).removesuffix("\n").removesuffix("\r"), path
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            self.problems.append(Problem(origin, None, path, reason or "unreadable", "a readable file with the secret"))
            return "", path


def _refusal(name: str, value: str) -> str:
    """Return what was expected of a value that cannot be right."""
    if not is_one_line(value):
        return ONE_LINE
    if name == "smarthost":
        host, _, port = value.rpartition(":")
        return (
            ""
            if host and not set(host) & set(" \t") and port.isascii() and port.isdigit()
            else "host:port, such as smtp.example.com:587"
        )
    if name not in _ADDRESSES:
        return ""
    sound = is_http_address(value) and not any(map(str.isspace, value)) and not set(value) & set("\"'<>{}|\\^`")
    return "" if sound else _ADDRESS
