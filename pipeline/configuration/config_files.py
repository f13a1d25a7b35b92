"""The files of the configuration folder: what may stand in each, and the built-in values where a file is silent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

from pipeline.decisions.condition import Condition
from pipeline.decisions.early_exit import Checkpoint, ExitCondition
from pipeline.decisions.facts import FACTS, FactDeclaration
from pipeline.decisions.quality import QualityThresholds
from pipeline.decisions.routing import MODES, Routing, TypeRoute
from pipeline.domains.content.labels import CHECKPOINTS, CONTENT_TYPES
from pipeline.errors import HIDDEN, ConfigError, Problem
from pipeline.events import Ratio
from pipeline.metrics.family import OTHER, UNSPECIFIED
from pipeline.metrics.labels import is_clean
from pipeline.settings import (
    DownloadSettings,
    LlmSettings,
    MemorySettings,
    PublishSettings,
    Seed,
    TranscriptionSettings,
)
from pipeline.yaml_file import Node, load, nearest

_REASON_LENGTH = 100
_PLAIN = frozenset({"shadow_rate", "shadow_seed"})  # sections that are one value
_SECRET_FIELDS = frozenset({"api_key", "qdrant_api_key", "discord_webhook_url"})  # by environment only


def facts_at(checkpoint: str) -> dict[str, FactDeclaration]:
    """Return the facts that are known at a checkpoint."""
    reached = CHECKPOINTS[: CHECKPOINTS.index(checkpoint) + 1]
    return {name: fact for name, fact in FACTS.items() if fact.known_from in reached}


def _checkpoint(name: str, min_confidence: float, *conditions: tuple[str, str]) -> Checkpoint:
    allowed = facts_at(name)
    return Checkpoint(
        name, min_confidence, tuple(ExitCondition(Condition(when, allowed), reason) for when, reason in conditions)
    )


def default_checkpoints() -> dict[str, Checkpoint]:
    """Return the built-in checkpoints with their conditions compiled."""
    points = (
        _checkpoint("post_download", 0.85, ("duration_seconds < 60", "too_short"), ("silence_ratio > 0.95", "silent")),
        _checkpoint(
            "post_transcription",
            0.80,
            ("transcript_words < 40", "too_few_words"),
            ("transcript_confidence < 0.30", "unintelligible"),
        ),
        _checkpoint(
            "post_quality_filtering",
            0.75,
            ("overall_quality < 0.50", "very_low_quality"),
            ("repetition_ratio > 0.60", "repetitive"),
        ),
        _checkpoint("post_analysis", 0.75, ("claims == 0", "no_claims")),
    )
    return {point.name: point for point in points}


DEFAULT_ROUTING = Routing(
    {
        "discussion": TypeRoute("high", "full"),
        "news": TypeRoute("medium", "quality_check"),
        "education": TypeRoute("medium", "quality_check"),
        "entertainment": TypeRoute("low", "lightweight"),
    }
)


# Where each section stands in a folder. One file may hold them all instead, such as the one that `tune` writes.
FILE_OF = {
    "thresholds": "quality_filtering.yaml",
    "content_types": "content_routing.yaml",
    "custom_types": "content_routing.yaml",
    "default_routing": "content_routing.yaml",
    "checkpoints": "early_exit.yaml",
    "transcription": "models.yaml",
    "llm": "models.yaml",
    "download": "pipeline.yaml",
    "memory": "pipeline.yaml",
    "publish": "pipeline.yaml",
    "shadow_rate": "pipeline.yaml",
    "shadow_seed": "pipeline.yaml",
    "label_caps": "pipeline.yaml",
}


def read(place: Path | None, problems: list[Problem]) -> tuple[dict[str, Any], dict[str, str]]:
    """Lay every known file of a folder, or one file with any sections, over the built-in values, key by key.

    What a file does not name stays; what is to go is written (`conditions: []`, `post_analysis: null`). Return (fields
    of Config, origins by dotted key).
    """
    reader = _Reader(problems)
    files = reader.files()
    roots = (
        _sections_of_file(place, problems) if place and place.is_file() else _files_of_folder(place, files, problems)
    )
    for name, root in roots.items():
        try:
            files[name](root)
        except ConfigError as error:
            problems.extend(error.problems)
    return reader.values, reader.origins


def _files_of_folder(directory: Path | None, names: Iterable[str], problems: list[Problem]) -> dict[str, Node]:
    roots = {}
    problems.extend(_misnamed(directory, names) if directory and directory.is_dir() else ())
    for path in (directory / name for name in names) if directory else ():
        try:
            if path.exists():
                roots[path.name] = load(path)
        except ConfigError as error:
            problems.extend(error.problems)
    return roots


def _misnamed(directory: Path, names: Iterable[str]) -> Iterator[Problem]:
    """Yield the files that are meant to be read and called so that nothing reads them, such as `early_exit.yml`."""
    wanted = {_letters(name): name for name in names}
    for path in sorted(directory.iterdir()) if os.access(directory, os.R_OK) else ():
        meant = wanted.get(_letters(path.name)) if path.suffix.lower() in (".yml", ".yaml") else None
        if meant and path.name != meant:
            yield Problem(str(path), None, "(file)", "a name that nothing reads", meant)


def _letters(file_name: str) -> str:
    stem = Path(file_name).stem.lower()
    return "".join(letter for letter in stem if letter.isalnum()).removesuffix("s")


def _sections_of_file(path: Path, problems: list[Problem]) -> dict[str, Node]:
    """Return the sections of one file as if they stood in the files of a folder."""
    roots: dict[str, Node] = {}
    try:
        for key, node in load(path).items():
            if key in FILE_OF:
                name = FILE_OF[key]
                roots.setdefault(name, Node({}, node.file, node.line, "")).value[key] = node
            else:
                problems.append(node.problem(f"a known section, {nearest(key, FILE_OF)}"))
    except ConfigError as error:
        problems.extend(error.problems)
    return roots


class _Reader:
    """Fills `values` from the files; what is wrong goes to `problems`, and the rest is still read."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        self.origins: dict[str, str] = {}
        self.values: dict[str, Any] = {
            "thresholds": QualityThresholds(),
            "routing": DEFAULT_ROUTING,
            "checkpoints": default_checkpoints(),
            "download": DownloadSettings(),
            "transcription": TranscriptionSettings(),
            "llm": LlmSettings(),
            "memory": MemorySettings(),
            "publish": PublishSettings(),
        }

    def files(self) -> dict[str, Callable[[Node], None]]:
        """Return the reader of each file."""
        return {
            "quality_filtering.yaml": lambda root: self._sections(root, {"thresholds": self._settings("thresholds")}),
            "content_routing.yaml": self._routing,
            "early_exit.yaml": lambda root: self._sections(root, {"checkpoints": self._checkpoints}),
            "models.yaml": lambda root: self._sections(root, self._all_settings("transcription", "llm")),
            "pipeline.yaml": lambda root: self._sections(
                root,
                {
                    **self._all_settings("download", "memory", "publish"),
                    "shadow_rate": self._value("shadow_rate", Ratio),
                    "shadow_seed": self._value("shadow_seed", Seed),
                    "label_caps": self._label_caps,
                },
            ),
        }

    def _all_settings(self, *names: str) -> dict[str, Callable[[Node], None]]:
        return {name: self._settings(name) for name in names}

    def _sections(self, root: Node, sections: Mapping[str, Callable[[Node], None]]) -> None:
        for name, node in root.items():
            if name not in sections:
                self._refuse(node, nearest(name, sections), key="a known section")
                continue
            if node.says_null and name not in _PLAIN:  # to take all of it away, or to leave it as it is?
                self._refuse(node, "a mapping of keys to values, or no such section: then all in it is as built in")
                continue
            try:
                sections[name](node)
            except ConfigError as error:
                self.problems.extend(error.problems)

    def _settings(self, section: str) -> Callable[[Node], None]:
        def read_section(node: Node) -> None:
            self.values[section] = self._struct(node, self.values[section])

        return read_section

    def _value(self, name: str, kind: Any) -> Callable[[Node], None]:
        def read_value(node: Node) -> None:
            value = self._converted(node, kind)
            if value is not None:
                self.values[name], self.origins[node.key] = value, f"{node.file}:{node.line}"

        return read_value

    def _struct(self, node: Node, base: Any) -> Any:
        types = {f.name: f.type for f in msgspec.structs.fields(type(base)) if f.name not in _SECRET_FIELDS}
        for name, entry in node.items():
            if name in _SECRET_FIELDS:
                wanted = "nothing: secrets come from the environment alone"
                self.problems.append(Problem(entry.file, entry.line, entry.key, HIDDEN, wanted))
                continue
            if name not in types:
                self._refuse(entry, nearest(name, types), key="a known key")
                continue
            value = self._converted(entry, types[name])
            if value is not None:
                base = msgspec.structs.replace(base, **{name: value})
                self.origins[entry.key] = f"{entry.file}:{entry.line}"
        return base

    def _converted(self, node: Node, kind: Any) -> Any:
        try:
            return msgspec.convert(node.plain(), kind)
        except msgspec.ValidationError as error:
            self._refuse(node, _expectation(error, kind))
            return None

    def _routing(self, root: Node) -> None:
        types = dict(DEFAULT_ROUTING.types)
        default: list[str] = []
        self._sections(
            root,
            {
                "content_types": lambda node: self._types(node, types, custom=False),
                "custom_types": lambda node: self._types(node, types, custom=True),
                "default_routing": lambda node: default.append(self._default_mode(node)),
            },
        )
        mode = default[0] if default else DEFAULT_ROUTING.default_mode
        self.values["routing"] = Routing(types, mode)  # type: ignore[arg-type]

    def _default_mode(self, node: Node) -> str:
        mode: str = DEFAULT_ROUTING.default_mode
        for name, entry in node.items():
            if name != "default_mode":
                self._refuse(entry, nearest(name, ["default_mode"]), key="a known key")
            elif entry.plain() not in MODES:
                self._refuse(entry, f"one of: {', '.join(MODES)}")
            else:
                mode = entry.plain()
                self.origins[entry.key] = f"{entry.file}:{entry.line}"
        return mode

    def _types(self, node: Node, types: dict[str, TypeRoute], *, custom: bool) -> None:
        for name, entry in node.items():
            if entry.value is None and not custom and name in types:  # what is to go is written
                del types[name]
                self.origins[entry.key] = f"{entry.file}:{entry.line}"
                continue
            if entry.value is None and not custom:
                self._refuse(entry, nearest(name, types), key="a type that has a route")
                continue
            if name not in types:
                self.origins[entry.key] = f"{entry.file}:{entry.line}"
            if custom and (name in CONTENT_TYPES or name in (OTHER, UNSPECIFIED) or not is_clean(name)):
                self._refuse(entry, "a name of its own, printable and not one of the built-in types", key=name)
            route = self._struct(entry, TypeRoute() if custom else types.get(name, TypeRoute()))
            if custom and not route.examples:
                self._refuse(entry, "`examples`: a list of phrases that such texts contain")
            if not custom and route.examples:
                self._refuse(entry, "no `examples` here: a type defined by examples belongs under custom_types")
            types[name] = route

    def _checkpoints(self, node: Node) -> None:
        points: dict[str, Checkpoint] = self.values["checkpoints"]
        for name, entry in node.items():
            if name not in CHECKPOINTS:
                self._refuse(entry, nearest(name, CHECKPOINTS), key="a known checkpoint")
            elif entry.value is None:  # what is to go is written
                del points[name]
                self.origins[entry.key] = f"{entry.file}:{entry.line}"
            else:
                points[name] = self._checkpoint(entry, points[name])

    def _checkpoint(self, node: Node, base: Checkpoint) -> Checkpoint:
        for key, entry in node.items():
            self.origins[entry.key] = f"{entry.file}:{entry.line}"
            if key == "min_confidence":
                found = self._converted(entry, Ratio)
                base = base if found is None else msgspec.structs.replace(base, min_confidence=found)
            elif key == "conditions":
                conditions = [self._condition(base.name, condition) for condition in entry.entries()]
                base = msgspec.structs.replace(base, conditions=tuple(c for c in conditions if c))
            else:
                self._refuse(entry, nearest(key, ["min_confidence", "conditions"]), key="a known key")
        return base

    def _condition(self, checkpoint: str, node: Node) -> ExitCondition | None:
        """Read an expression, or `{when: expression, reason: name}`; the reason is what exits count under."""
        when, reason = node, None
        if isinstance(node.value, dict):
            unknown = set(node.value) - {"when", "reason"}
            if unknown or "when" not in node.value:
                self._refuse(node, "an expression, or `when` (an expression) with `reason` (a short name)")
                return None
            when = node.value["when"]
            reason = self._converted(node.value["reason"], str) if "reason" in node.value else None
        source = when.plain()
        if not isinstance(source, str):
            self._refuse(when, "a CEL expression such as `duration_seconds < 60`")
            return None
        try:
            condition = Condition(source, facts_at(checkpoint))
        except ValueError as error:
            self._refuse(when, str(error))
            return None
        return ExitCondition(condition, " ".join((reason or source).split())[:_REASON_LENGTH])

    def _label_caps(self, node: Node) -> None:
        from pipeline.domains.catalogue import sound_domains  # looks for other packages: only who caps labels waits

        labels = {label for domain in sound_domains() for family in domain.families for label in family.labels}
        caps: dict[str, int] = {}
        for name, entry in node.items():
            value = entry.plain()
            if name not in labels:
                self._refuse(entry, nearest(name, labels), key="a known label")
            elif not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10_000:
                self._refuse(entry, "a whole number from 1 to 10000")
            else:
                caps[name], self.origins[entry.key] = value, f"{entry.file}:{entry.line}"
        self.values["label_caps"] = caps

    def _refuse(self, node: Node, expected: str, key: str | None = None) -> None:
        wanted = f"{key}, {expected}" if key else expected
        self.problems.append(node.problem(wanted))


def _expectation(error: msgspec.ValidationError, kind: Any) -> str:
    if kind is Ratio:
        return "a number from 0 to 1"
    if allowed := get_args(kind) if get_origin(kind) is Literal else ():
        return f"one of: {', '.join(allowed)}"
    text = str(error).split(" - at ")[0].split(", got ")[0]
    return text.removeprefix("Expected ").replace("`", "") or "another value"
