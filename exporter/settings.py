"""What an operator may set, and from which environment variable it comes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from pipeline.configuration.flags import truth
from pipeline.errors import HIDDEN, ConfigError, Problem
from pipeline.settings import Secret
from pipeline.state import state_dir

Sync = Literal["normal", "full"]
AlertSeverity = Literal["info", "warning", "critical"]
ALERT_SEVERITIES: tuple[AlertSeverity, ...] = get_args(AlertSeverity)  # the least urgent first
JOURNAL_NAME = "journal.sqlite"
MEBIBYTE = 1024 * 1024


class AlertLimits(msgspec.Struct, frozen=True):
    """Alerts written at most in any hour, in all and of one model; None: no limit."""

    per_hour: int | None = None
    per_model_per_hour: int | None = None
    minimum_severity: AlertSeverity = "info"

    def strictest(self, other: AlertLimits) -> AlertLimits:
        """Return what satisfies both."""
        return AlertLimits(
            _least(self.per_hour, other.per_hour),
            _least(self.per_model_per_hour, other.per_model_per_hour),
            max(self.minimum_severity, other.minimum_severity, key=ALERT_SEVERITIES.index),
        )


class ExporterSettings(msgspec.Struct, frozen=True):
    """Settings of the exporter, with their built-in values.

    `journal`: the file; None keeps nothing. `series_expiry_seconds` and `push_expiry_seconds`: None never.
    """

    token: Secret = Secret()
    guard_reads: bool = False  # reading needs the token too (/health and /ready stay open)
    journal: Path | None = None
    sync: Sync = "normal"
    compact_at_bytes: int = 64 * MEBIBYTE
    allow_reset: bool = False
    prometheus_url: str | None = None
    grafana_url: str | None = None
    max_body_bytes: int = 16 * MEBIBYTE  # as sent
    max_decoded_bytes: int = 64 * MEBIBYTE  # after decompression
    max_waiting_bytes: int = 128 * MEBIBYTE  # bodies being read and records waiting for their commit, together
    max_waiting_requests: int = 5000
    body_timeout_seconds: float = 30.0  # for a request's whole body
    series_expiry_seconds: float | None = None
    push_expiry_seconds: float | None = None
    max_pushed_series: int = 10_000
    access_log: bool = False
    runbooks: Path = Path("docs/runbooks")
    web_config: Path | None = None
    alerts_per_hour: int | None = None  # lines of the log channel
    alerts_per_model_per_hour: int | None = None
    alerts_minimum_severity: AlertSeverity = "info"

    @property
    def alert_limits(self) -> AlertLimits:
        """The limits of the log channel."""
        return AlertLimits(self.alerts_per_hour, self.alerts_per_model_per_hour, self.alerts_minimum_severity)


ENV: dict[str, str] = {
    "EXPORTER_TOKEN": "token",
    "EXPORTER_GUARD_READS": "guard_reads",
    "EXPORTER_JOURNAL": "journal",
    "EXPORTER_SYNC": "sync",
    "EXPORTER_COMPACT_AT_BYTES": "compact_at_bytes",
    "EXPORTER_ALLOW_RESET": "allow_reset",
    "PROMETHEUS_URL": "prometheus_url",
    "GRAFANA_URL": "grafana_url",
    "EXPORTER_MAX_BODY_BYTES": "max_body_bytes",
    "EXPORTER_MAX_DECODED_BYTES": "max_decoded_bytes",
    "EXPORTER_MAX_WAITING_BYTES": "max_waiting_bytes",
    "EXPORTER_MAX_WAITING_REQUESTS": "max_waiting_requests",
    "EXPORTER_BODY_TIMEOUT_SECONDS": "body_timeout_seconds",
    "EXPORTER_SERIES_EXPIRY_SECONDS": "series_expiry_seconds",
    "EXPORTER_PUSH_EXPIRY_SECONDS": "push_expiry_seconds",
    "EXPORTER_MAX_PUSHED_SERIES": "max_pushed_series",
    "EXPORTER_ACCESS_LOG": "access_log",
    "EXPORTER_RUNBOOKS": "runbooks",
    "EXPORTER_WEB_CONFIG": "web_config",
    "EXPORTER_ALERTS_PER_HOUR": "alerts_per_hour",
    "EXPORTER_ALERTS_PER_MODEL_PER_HOUR": "alerts_per_model_per_hour",
    "EXPORTER_ALERTS_MINIMUM_SEVERITY": "alerts_minimum_severity",
}
_NO_JOURNAL = ("off", "none", "no")


def settings_from(environ: Mapping[str, str], **given: Any) -> ExporterSettings:
    """Read the settings from the environment; `given` (from a command line) goes before it.

    The journal is `journal.sqlite` in the state folder unless `EXPORTER_JOURNAL` names another file or says `off`.
    Raises ConfigError naming the variable, its value and what was expected.
    """
    values: dict[str, Any] = {"journal": state_dir(environ) / JOURNAL_NAME}
    problems: list[Problem] = []
    for variable, field in ENV.items():
        if text := environ.get(variable):
            try:
                values[field] = _read(field, text)
            except ValueError as error:
                shown = HIDDEN if field == "token" else text
                problems.append(Problem("environment", None, variable, shown, str(error)))
    if problems:
        raise ConfigError(problems)
    return ExporterSettings(**{**values, **given})


def _read(field: str, text: str) -> Any:
    """Turn a variable's text into its field's type. Raises ValueError saying what was expected."""
    kind = {f.name: f.type for f in msgspec.structs.fields(ExporterSettings)}[field]
    if kind is Secret:
        if not (text.isascii() and text.isprintable() and text.strip()):  # it travels in a header
            raise ValueError("one line of ASCII characters")
        return Secret(text.strip())  # no header can carry spaces at its edges
    if field == "journal" and text.lower() in _NO_JOURNAL:
        return None
    if kind is bool:
        return _flag(text)
    if kind in (Path, Path | None):
        return Path(text).expanduser()
    if field == "sync" and text not in ("normal", "full"):
        raise ValueError("normal or full")
    if field == "alerts_minimum_severity" and text not in ALERT_SEVERITIES:
        raise ValueError(f"one of: {', '.join(ALERT_SEVERITIES)}")
    return _number(kind, text) if kind in (int, int | None, float, float | None) else text


def _flag(text: str) -> bool:
    try:
        return truth(text)
    except ValueError:
        raise ValueError("true or false") from None


def _number(kind: Any, text: str) -> float:
    try:
        number = int(text) if kind in (int, int | None) else float(text)
    except ValueError:
        raise ValueError("a number above 0") from None
    if not 0 < number < float("inf"):
        raise ValueError("a number above 0")
    return number


def _least(first: int | None, second: int | None) -> int | None:
    given = [number for number in (first, second) if number is not None]
    return min(given, default=None)
