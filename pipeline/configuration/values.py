"""Every value of a configuration by its dotted key, and what files say differently from what is built in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from pipeline.configuration.config import Config
from pipeline.yaml_file import shown

_SECTIONS = ("flags", "thresholds", "download", "transcription", "llm", "memory", "publish")
_NOT_OF_FILES = ("environment", "command line", "profile")


class Change(msgspec.Struct, frozen=True):
    """One value that a file makes other than it is built in. `origin`: file and line."""

    key: str
    what: Literal["set", "added", "removed"]
    value: Any
    built_in: Any
    origin: str

    def __str__(self) -> str:
        if self.what != "set":
            return f"{self.key} is {self.what} ({self.origin})"
        return f"{self.key} is {_short(self.value, self.key)}, not {_short(self.built_in, self.key)} ({self.origin})"


def flat(config: Config) -> dict[str, Any]:
    """Return every value by the dotted key under which `origins` knows it."""
    plain: dict[str, Any] = {"config_version": config.version, "profile": config.profile}
    plain |= {"shadow_rate": config.shadow_rate, "shadow_seed": config.shadow_seed}
    for section in _SECTIONS:
        settings = getattr(config, section)
        plain |= {f"{section}.{name}": getattr(settings, name) for name in settings.__struct_fields__}
    for name, route in config.routing.types.items():
        key = f"custom_types.{name}" if route.examples else f"content_types.{name}"
        plain |= {f"{key}.processing_mode": route.processing_mode, f"{key}.priority": route.priority}
    plain["default_routing.default_mode"] = config.routing.default_mode
    for name, point in config.checkpoints.items():
        plain[f"checkpoints.{name}.min_confidence"] = point.min_confidence
        plain[f"checkpoints.{name}.conditions"] = [c.condition.source for c in point.conditions]
    plain |= {f"label_caps.{name}": cap for name, cap in config.label_caps.items()}
    return plain


def changes(config: Config) -> list[Change]:
    """Return what the files change of what is built in; what a profile or the environment overrules is not in it."""
    return list(_changes(config))


def _changes(config: Config) -> Iterator[Change]:
    built_in, now = _compared(Config()), _compared(config)
    whole: dict[str, Literal["added", "removed"]] = {}  # entries that come or go as a whole
    for key in dict.fromkeys((*now, *built_in)):
        entry = _entry(key)
        if entry and entry not in whole and _has(now, entry) != _has(built_in, entry):
            whole[entry] = "added" if _has(now, entry) else "removed"
            if origin := _origin(config.origins, entry):
                yield Change(entry, whole[entry], None, None, origin)
        elif entry not in whole and now.get(key) != built_in.get(key) and (origin := _origin(config.origins, key)):
            yield Change(key, "set", now.get(key), built_in.get(key), origin)


def _compared(config: Config) -> dict[str, Any]:
    """Return what is compared: a condition with the reason under which its exits count."""
    values = flat(config)
    for name, point in config.checkpoints.items():
        conditions = [(c.condition.source, c.reason) for c in point.conditions]
        values[f"checkpoints.{name}.conditions"] = [
            source if reason == source else f"{source} ({reason})" for source, reason in conditions
        ]
    return values


def _entry(key: str) -> str | None:
    """Return what comes or goes as a whole with a key: one content type, one checkpoint."""
    section, _, rest = key.partition(".")
    return (
        f"{section}.{rest.rpartition('.')[0]}" if section in ("content_types", "custom_types", "checkpoints") else None
    )


def _has(values: Mapping[str, Any], entry: str) -> bool:
    return any(key.startswith(f"{entry}.") for key in values)


def _origin(origins: Mapping[str, str], key: str) -> str | None:
    """Return the file and line that a value, or the first value of an entry, comes from; None if it is from no file."""
    found = origins.get(key) or next((o for name, o in origins.items() if name.startswith(f"{key}.")), "")
    return found if found and not found.startswith(_NOT_OF_FILES) else None


def _short(value: Any, key: str) -> str:
    if isinstance(value, list):
        return "; ".join(value) or "none"
    return "none" if value is None else shown(value, key)
