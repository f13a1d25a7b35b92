"""The pipeline's configuration: command line over environment over profile over file over built-in values.

Every value remembers where it came from, so that `doctor` and `explain` can say so. What is wrong is collected and
refused at once, with file, line, key, value and what was expected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from pipeline.configuration import config_files
from pipeline.configuration.flags import Flags, flag_env, flags_from
from pipeline.decisions.early_exit import Checkpoint
from pipeline.decisions.quality import QualityThresholds
from pipeline.decisions.routing import Routing
from pipeline.domains.content.known import known_values
from pipeline.domains.content.labels import CONTENT_TYPES
from pipeline.errors import HIDDEN, ConfigError, Problem
from pipeline.events import ConfigActivated, Ratio
from pipeline.metrics.known import KnownValues
from pipeline.metrics.labels import is_clean
from pipeline.settings import (
    ONE_LINE,
    DownloadSettings,
    LlmSettings,
    MemorySettings,
    PublishSettings,
    Secret,
    Seed,
    TranscriptionSettings,
    is_one_line,
)
from pipeline.yaml_file import nearest

PROFILES = {  # name: (min_overall, min_confidence of every checkpoint)
    "conservative": (0.70, 0.85),
    "balanced": (0.65, 0.80),
    "aggressive": (0.60, 0.75),
}
QUALITY_ENV = {f"QUALITY_{name.upper()}": name for name in QualityThresholds.__struct_fields__}


class Config(msgspec.Struct, frozen=True):
    """Everything that a pipeline was told. `origins`: dotted key -> where its value comes from."""

    flags: Flags = Flags()
    version: str | None = None
    profile: str | None = None
    thresholds: QualityThresholds = QualityThresholds()
    routing: Routing = config_files.DEFAULT_ROUTING
    checkpoints: Mapping[str, Checkpoint] = msgspec.field(default_factory=config_files.default_checkpoints)
    download: DownloadSettings = DownloadSettings()
    transcription: TranscriptionSettings = TranscriptionSettings()
    llm: LlmSettings = LlmSettings()
    memory: MemorySettings = MemorySettings()
    publish: PublishSettings = PublishSettings()
    shadow_rate: Ratio = 0.0  # share of the skipped items that are processed in full all the same
    shadow_seed: Seed = 0
    label_caps: Mapping[str, int] = {}
    origins: Mapping[str, str] = {}

    def hash(self) -> str:
        """Return 12 hex digits that name everything a decision or an outcome depends on."""
        decisive = {
            "flags": [self.flags.quality_filtering, self.flags.content_routing, self.flags.early_exit],
            "thresholds": msgspec.to_builtins(self.thresholds),
            "routing": msgspec.to_builtins(self.routing),
            "checkpoints": {
                name: [point.min_confidence, [[c.condition.source, c.reason] for c in point.conditions]]
                for name, point in sorted(self.checkpoints.items())
            },
            "transcription": msgspec.to_builtins(self.transcription),
            "llm": [self.llm.base_url, self.llm.model] if self.llm.base_url else None,
        }
        return hashlib.sha256(msgspec.json.encode(decisive, order="sorted")).hexdigest()[:12]

    def custom_types(self) -> dict[str, tuple[str, ...]]:
        """Return the custom content types with their example phrases."""
        return {name: route.examples for name, route in self.routing.types.items() if route.examples}

    def known_values(self) -> KnownValues:
        """Return the label values that this configuration makes known beforehand."""
        types = (name for name in self.routing.types if name not in CONTENT_TYPES)
        exits = {name: tuple(c.reason for c in point.conditions) for name, point in self.checkpoints.items()}
        return known_values((*CONTENT_TYPES, *types), self.version, exits)

    def activated(self) -> ConfigActivated:
        """Return the event that says this configuration came into force."""
        thresholds = msgspec.to_builtins(self.thresholds)
        thresholds |= {f"{name}_min_confidence": point.min_confidence for name, point in self.checkpoints.items()}
        return ConfigActivated(self.hash(), self.version, thresholds, msgspec.to_builtins(self.flags))


def load_config(
    directory: Path | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    profile: str | None = None,
    **command_line: Any,
) -> Config:
    """Read the configuration files of a folder (those that exist) and lay the other sources over them.

    One file that holds any of their sections will do as well.

    `command_line` holds top-level fields of Config to replace, such as `version="b"` or whole settings. Raises
    ConfigError with everything that is wrong.
    """
    env = environ or {}
    problems: list[Problem] = []
    values, origins = config_files.read(directory, problems)
    _apply_profile(values, origins, env, profile, problems)
    _apply_environment(values, origins, env, problems)
    for key, value in command_line.items():
        values[key], origins[key] = value, "command line"
    if problems:
        raise ConfigError(problems)
    return Config(**values, origins=origins)


def _apply_profile(
    values: dict[str, Any], origins: dict[str, str], env: Mapping[str, str], given: str | None, problems: list[Problem]
) -> None:
    name = given or env.get("PIPEMETER_PROFILE")
    if not name:
        return
    place = "command line" if given else "environment"
    if name not in PROFILES:
        problems.append(
            Problem(place, None, "--profile" if given else "PIPEMETER_PROFILE", name, nearest(name, PROFILES))
        )
        return
    min_overall, min_confidence = PROFILES[name]
    values["profile"] = name
    origins["profile"] = place
    values["thresholds"] = msgspec.structs.replace(values["thresholds"], min_overall=min_overall)
    origins["thresholds.min_overall"] = f"profile {name}"
    values["checkpoints"] = {
        point: msgspec.structs.replace(checkpoint, min_confidence=min_confidence)
        for point, checkpoint in values["checkpoints"].items()
    }
    origins |= {f"checkpoints.{point}.min_confidence": f"profile {name}" for point in values["checkpoints"]}


def _apply_environment(
    values: dict[str, Any], origins: dict[str, str], env: Mapping[str, str], problems: list[Problem]
) -> None:
    values["flags"] = flags_from(env, problems)
    origins |= {
        f"flags.{name}": f"environment ENABLE_{name.upper()}"
        for name in Flags.__struct_fields__
        if flag_env(name) in env
    }
    for variable, name in QUALITY_ENV.items():
        ratio = _ratio_from(env, variable, problems)
        if ratio is not None:
            values["thresholds"] = msgspec.structs.replace(values["thresholds"], **{name: ratio})
            origins[f"thresholds.{name}"] = f"environment {variable}"
    rate = _ratio_from(env, "SHADOW_RATE", problems)
    if rate is not None:
        values["shadow_rate"], origins["shadow_rate"] = rate, "environment SHADOW_RATE"
    if version := env.get("CONFIG_VERSION"):
        if not is_clean(version):
            problems.append(Problem("environment", None, "CONFIG_VERSION", version, "up to 128 printable characters"))
        values["version"], origins["config_version"] = version, "environment CONFIG_VERSION"
    for section, field, variable in ENV_SETTINGS:
        if raw := env.get(variable):
            if variable in _SECRETS and not is_one_line(raw):
                problems.append(Problem("environment", None, variable, HIDDEN, ONE_LINE))
            value = Secret(raw) if variable in _SECRETS else raw
            values[section] = msgspec.structs.replace(values[section], **{field: value})
            origins[f"{section}.{field}"] = f"environment {variable}"


def _ratio_from(env: Mapping[str, str], variable: str, problems: list[Problem]) -> float | None:
    raw = env.get(variable)
    if not raw:
        return None
    try:
        return msgspec.convert(raw, Ratio, strict=False)
    except msgspec.ValidationError:
        problems.append(Problem("environment", None, variable, raw, "a number from 0 to 1"))
        return None


ENV_SETTINGS = (
    ("llm", "base_url", "LLM_BASE_URL"),
    ("llm", "model", "LLM_MODEL"),
    ("llm", "api_key", "LLM_API_KEY"),
    ("memory", "qdrant_url", "QDRANT_URL"),
    ("memory", "qdrant_api_key", "QDRANT_API_KEY"),
    ("publish", "discord_webhook_url", "DISCORD_WEBHOOK_URL"),
)
_SECRETS = frozenset({"LLM_API_KEY", "QDRANT_API_KEY", "DISCORD_WEBHOOK_URL"})


def default_directory() -> Path | None:
    """Return the configuration folder that is meant when none is named: `./config`, where it exists."""
    directory = Path("config")
    return directory if directory.is_dir() else None
