"""A recommendation as a configuration file: every section that decisions depend on, reasons beside the values."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any

import msgspec

from monitoring.tuning.recommendation import UNKNOWN, ModeAdvice, Recommendation, Tuning
from pipeline.configuration.config import Config
from pipeline.decisions.early_exit import Checkpoint
from pipeline.decisions.routing import TypeRoute
from pipeline.domains.content.labels import CHECKPOINTS, CONTENT_TYPES

_SETTINGS = ("download", "transcription", "llm", "memory", "publish")
_HEAD = """Written by `pipemeter tune` for {goal}.
Seen: {items} items of {types} under `{version}`.
Expected: bypass rate {bypass}, mean quality of kept items {quality}, time savings {savings}.
Apply: pipemeter run --config THIS_FILE (or serve, explain, doctor), or copy the sections into the files of config/.
PIPEMETER_PROFILE and QUALITY_MIN_*, where they are set, go over this file."""


def optimal_config(tuning: Tuning, base: Config) -> str:
    """Return the text of a YAML file that `--config` takes: the configuration `base` with what was recommended."""
    found = {r.threshold: r for r in tuning.recommendations}
    modes = {m.content_type: m for m in tuning.modes}
    return "\n".join([*_head(tuning), *_thresholds(base, found), *_checkpoints(base, found), *_routing(base, modes),
                      *_settings(base), ""])  # fmt: skip


def _head(tuning: Tuning) -> Iterator[str]:
    expected = tuning.expected
    assert expected is not None
    text = _HEAD.format(
        goal=tuning.goal,
        items=tuning.items,
        types=", ".join(tuning.content_types) or "no known content type",
        version=tuning.config_version,
        bypass=_interval(expected.bypass_rate),
        quality="unknown" if expected.quality is None else f"{expected.quality:.2f}",
        savings=_interval(expected.time_savings),
    )
    for line in (*text.splitlines(), *(f"Caveat: {caveat}" for caveat in tuning.caveats)):
        yield from _comment(line)


def _thresholds(base: Config, found: dict[str, Recommendation]) -> Iterator[str]:
    yield "thresholds:"
    for name, value in msgspec.to_builtins(base.thresholds).items():
        advice = found.get(name)
        yield from _reason(advice)
        yield f"  {name}: {_number(advice.recommended if advice else value)}"


def _checkpoints(base: Config, found: dict[str, Recommendation]) -> Iterator[str]:
    yield "checkpoints:"
    for name in CHECKPOINTS:
        point = base.checkpoints.get(name)
        if point is None:  # written, because what a file leaves out is as it is built in
            yield f"  {name}: null"
            continue
        advice = found.get(f"{name}_min_confidence")
        yield f"  {name}:"
        yield from _reason(advice, 4)
        yield f"    min_confidence: {_number(advice.recommended if advice else point.min_confidence)}"
        yield from _conditions(point)


def _conditions(point: Checkpoint) -> Iterator[str]:
    yield "    conditions:" if point.conditions else "    conditions: []"
    for condition in point.conditions:
        yield f"      - {{when: {_value(condition.condition.source)}, reason: {_value(condition.reason)}}}"


def _routing(base: Config, modes: dict[str, ModeAdvice]) -> Iterator[str]:
    own = {n: r for n, r in base.routing.types.items() if r.examples}
    built_in = {n: r for n, r in base.routing.types.items() if not r.examples}
    new = {n: TypeRoute(processing_mode=m.recommended) for n, m in modes.items() if n in CONTENT_TYPES}
    gone = {n: None for n in CONTENT_TYPES if n not in base.routing.types}
    sections: dict[str, dict[str, TypeRoute | None]] = {
        "content_types": {**gone, **new, **built_in},
        "custom_types": {**own},
    }
    for section, routes in sections.items():
        if routes:
            yield f"{section}:"
        for name, route in routes.items():
            yield from _route(name, route, modes.get(name)) if route else (f"  {_value(name)}: null",)
    yield "default_routing:"
    yield f"  default_mode: {base.routing.default_mode}"


def _route(name: str, route: TypeRoute, advice: ModeAdvice | None) -> Iterator[str]:
    yield f"  {_value(name)}:"
    yield f"    priority: {route.priority}"
    if advice:
        yield from _comment(f"was {advice.current}: {advice.reason}", 4)
    yield f"    processing_mode: {advice.recommended if advice else route.processing_mode}"
    if route.examples:
        yield f"    examples: {_value(list(route.examples))}"


def _settings(base: Config) -> Iterator[str]:
    """Yield what the base says differently from what is built in, secrets left out."""
    for section in _SETTINGS:
        settings = getattr(base, section)
        built_in = type(settings)()
        changed = {
            name: value
            for name in settings.__struct_fields__
            if (value := getattr(settings, name)) != getattr(built_in, name) and _of_a_file(base, f"{section}.{name}")
        }
        if changed:
            yield f"{section}:"
            yield from (f"  {name}: {_value(value)}" for name, value in changed.items())
    for name in ("shadow_rate", "shadow_seed"):
        if getattr(base, name) and _of_a_file(base, name):
            yield f"{name}: {getattr(base, name)}"
    if base.label_caps:
        yield "label_caps:"
        yield from (f"  {name}: {value}" for name, value in base.label_caps.items())


def _of_a_file(base: Config, key: str) -> bool:
    return base.origins.get(key, "environment").partition(" ")[0] not in ("environment", "command")


def _reason(advice: Recommendation | None, indent: int = 2) -> list[str]:
    if advice is None:
        return []
    return _comment(f"was {_number(advice.current)}: {advice.reason} ({advice.samples} samples)", indent)


def _comment(text: str, indent: int = 0) -> list[str]:
    mark = " " * indent + "# "
    clean = "".join(c if c.isprintable() else " " for c in text)
    return textwrap.wrap(clean, 116, initial_indent=mark, subsequent_indent=mark, break_on_hyphens=False) or [mark]


def _interval(found: tuple[float, float]) -> str:
    if found == UNKNOWN:
        return "unknown"
    return f"{found[0]:.2f} to {found[1]:.2f}"


def _number(value: float) -> str:
    return f"{round(value, 4):g}"


def _value(value: Any) -> str:
    return json.dumps(value)  # JSON is YAML
