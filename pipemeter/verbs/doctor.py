"""`pipemeter doctor`: is everything there, and how to mend what is not."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import click
import httpx
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.configuration.config import Config
from pipeline.configuration.values import changes, flat
from pipeline.decisions.early_exit import greatest_confidence
from pipeline.errors import StageError
from pipeline.recording.environment import exporter_address
from pipeline.state import state_dir
from pipemeter import exits, trials
from pipemeter.clashes import NAMES, clashes, sharers
from pipemeter.logs import configure_logs
from pipemeter.options import configuration, read_config
from pipemeter.packages import STAGES, install, missing, required
from pipemeter.variables import idle_variables

State = Literal["ok", "off", "warning", "failed"]
_CORE = ("prometheus-client", "starlette", "uvicorn", "httpx", "msgspec", "numpy", "promql-parser",
         "common-expression-language")  # fmt: skip
_STAGES = ("yt-dlp", "trafilatura", "av", "faster-whisper", "wordllama")  # whoever has one of them wants the stages
_LOOKS = {"ok": "[green]ok", "off": "[dim]off", "warning": "[yellow]warning", "failed": "[red]failed"}


class Finding(msgspec.Struct, frozen=True):
    """What one check found, and what to do about it if anything."""

    check: str
    state: State
    detail: str
    mend: str | None = None


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@configuration
def command(as_json: bool, config_dir: Path | None, profile: str | None, allow_private: bool) -> int:
    """Check installation, configuration, state and optional servers, try each stage; say how to mend each.

    Exit code 1 if something that is needed is missing, 2 if the configuration is refused.
    """
    configure_logs()
    config = read_config(config_dir, profile, allow_private)
    findings = list(_examine(config))
    values = list(_values(config))
    if as_json:
        document = {"findings": findings, "configuration": values, "config_hash": config.hash()}
        document["changes"] = [msgspec.to_builtins(change) | {"text": str(change)} for change in changes(config)]
        click.echo(msgspec.json.encode(document).decode())
    else:
        _show(findings, values)
    return exits.FAILED if any(finding.state == "failed" for finding in findings) else 0


def _examine(config: Config) -> Iterator[Finding]:
    yield Finding("python", "ok", f"{platform.python_version()} ({sys.executable})")
    yield _names()
    yield _files(config)
    yield _variables()
    yield from _out_of_reach(config)
    yield from (_package(name, None) for name in _CORE)
    yield _guarded("state folder", _state)
    yield from _stages(config)
    env = os.environ.get
    yield _server("exporter", exporter_address()[0], "/health", "start it: pipemeter serve")
    yield _server("prometheus", env("PROMETHEUS_URL"), "/-/ready", "start Prometheus, or correct PROMETHEUS_URL")
    yield _server(
        "alertmanager", env("ALERTMANAGER_URL"), "/-/ready", "start Alertmanager, or correct ALERTMANAGER_URL"
    )
    yield _server("grafana", env("GRAFANA_URL"), "/api/health", "start Grafana, or correct GRAFANA_URL")
    yield _server(
        "language model", config.llm.base_url, "/models", "correct LLM_BASE_URL or LLM_API_KEY", _bearer(config)
    )
    yield _server("qdrant", config.memory.qdrant_url, "/readyz", "start Qdrant, or correct QDRANT_URL")
    hook = bool(config.publish.discord and config.publish.discord_webhook_url)
    yield Finding("discord", "ok" if hook else "off", "webhook set" if hook else "DISCORD_WEBHOOK_URL is not set")


def _names() -> Finding:
    """Say whether a program that is started here imports our packages, whose names others have too."""
    found = [*clashes([os.getcwd(), *sys.path]), *sharers()]
    if not found:
        return Finding("package names", "ok", f"{', '.join(NAMES)} are pipemeter's")
    told = "; ".join(str(clash) for clash in found)
    mend = "rename that, or start programs from another folder; uninstall a distribution of the same names"
    return Finding("package names", "warning", f"in a program started here {told}", mend)


def _package(name: str, extra: str | None) -> Finding:
    try:
        return Finding(name, "ok", version(name))
    except PackageNotFoundError:
        return Finding(name, "failed", "not installed", install(extra))


def _stages(config: Config) -> Iterator[Finding]:
    """Yield what each stage did with something small, or that the stages are not wanted here."""
    absent = missing(required(STAGES))
    if absent and set(_STAGES) <= set(absent):
        yield Finding("stages", "off", "not installed; counting, serving and compiling need none", install(STAGES))
        return
    yield from (_package(name, STAGES) for name in dict.fromkeys((*_STAGES, *absent)))
    with tempfile.TemporaryDirectory(prefix="pipemeter-doctor-") as folder:
        for name, trial in trials.STAGES.items():
            yield _guarded(name, lambda trial=trial, name=name: Finding(name, "ok", trial(config, Path(folder))))  # type: ignore[misc]
        yield _guarded("memory", lambda: _memory(config, Path(folder)))


def _guarded(name: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except ModuleNotFoundError as error:
        return Finding(name, "failed", f"not installed: {error.name}", install(STAGES))
    except ImportError as error:
        return Finding(name, "failed", str(error).splitlines()[0], install(STAGES))
    except StageError as error:
        return Finding(name, "failed", str(error), _MENDS.get(name, install(STAGES)))
    except Exception as error:  # noqa: BLE001 - a doctor does not fall ill with the patient
        return Finding(name, "failed", f"{type(error).__name__}: {error}", install(STAGES))


_MENDS = {
    "transcription": "install the extra `pipeline` anew, or correct transcription.model_dir",
    "memory": "move the file away; a new one is made by the next run",
}


def _state() -> Finding:
    folder = state_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".doctor"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Finding("state folder", "failed", f"{folder}: {reason}", "make it writable, or set MONITORING_HOME")
    return Finding("state folder", "ok", f"{folder} (SQLite {sqlite3.sqlite_version})")


def _memory(config: Config, folder: Path) -> Finding:
    from pipeline.stages.remember import Memory, memory_path

    path, tried = memory_path(config.memory), trials.memory(folder)
    if not path.exists():
        return Finding("memory", "ok", f"{path}: not there yet, made by the first run; {tried}")
    with Memory(path) as memory:
        return Finding("memory", "ok", f"{path}: {memory.check()}; {tried}")


def _bearer(config: Config) -> dict[str, str]:
    key = config.llm.api_key.reveal()
    return {"Authorization": f"Bearer {key}"} if key else {}


def _server(name: str, url: str | None, path: str, mend: str, headers: dict[str, str] | None = None) -> Finding:
    if not url:
        return Finding(name, "off", "not configured")
    shown = _without_password(url)
    try:
        answer = httpx.get(url.rstrip("/") + path, headers=headers or {}, timeout=3.0)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return Finding(name, "warning", f"{shown}: {type(error).__name__}", mend)
    if answer.is_success:
        return Finding(name, "ok", shown)
    return Finding(name, "warning", f"{shown}: HTTP {answer.status_code}", mend)


def _without_password(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}***@{rest.rpartition('@')[2]}" if "@" in rest else url


def _files(config: Config) -> Finding:
    found = changes(config)
    return Finding("configuration files", "ok", "\n".join(map(str, found)) or "they change nothing of what is built in")


def _out_of_reach(config: Config) -> Iterator[Finding]:
    """Yield the checkpoints, and the single conditions, by which nothing can ever leave."""
    counted = 1.0 if config.llm.base_url else None
    for name, point in config.checkpoints.items():
        most = [(c.condition.source, greatest_confidence(c, counted)) for c in point.conditions]
        short = [(source, most) for source, most in most if most < point.min_confidence]
        if not short:
            continue
        told = "; ".join(
            f"`{source}` reaches {most:.2f} at most" if most else f"`{source}` never holds" for source, most in short
        )
        what = "no item can leave here" if len(short) == len(most) else "some conditions let no item leave"
        key, origin = f"checkpoints.{name}.min_confidence", config.origins
        asked = f"{point.min_confidence:g} is asked for ({origin.get(key, 'built-in')})"
        yield Finding(name, "warning", f"{what}: {told}, {asked}", f"lower {key}, or change the condition")


def _variables() -> Finding:
    found = idle_variables(os.environ, similar=True)
    if not found:
        return Finding("environment", "ok", "every variable that looks like ours is read")
    return Finding("environment", "warning", "\n".join(map(str, found)), "unset what is meant for us, set what does")


def _values(config: Config) -> Iterator[dict[str, Any]]:
    """Yield every value of the configuration with where it came from."""
    for key, value in flat(config).items():
        shown = value if isinstance(value, (int, float, list, type(None))) else _without_password(str(value))
        yield {"key": key, "value": shown, "origin": config.origins.get(key, "built-in")}


def _show(findings: list[Finding], values: list[dict[str, Any]]) -> None:
    console = Console(highlight=False)
    checks = Table("Check", "State", "Detail", title="Checks", title_justify="left", title_style="bold")
    for finding in findings:
        detail = escape(finding.detail) + (f"\n[bold]mend:[/] {escape(finding.mend)}" if finding.mend else "")
        checks.add_row(finding.check, _LOOKS[finding.state], detail)
    console.print(checks)
    settings = Table("Key", "Value", "From", title="Configuration", title_justify="left", title_style="bold")
    for value in values:
        settings.add_row(value["key"], escape(str(value["value"])), escape(value["origin"]))
    console.print(settings)
