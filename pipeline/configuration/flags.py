"""The four switches of the environment: which shortcuts are on, and whether anything is recorded.

They stand apart from the rest of the configuration because whoever only records reads nothing else, and should not
wait for what reads files.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from pipeline.errors import ConfigError, Problem

_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off", ""})


class Flags(msgspec.Struct, frozen=True):
    """Which shortcuts are on (all off unless asked for), and whether anything is recorded."""

    quality_filtering: bool = False
    content_routing: bool = False
    early_exit: bool = False
    dashboard_metrics: bool = False


def truth(word: str) -> bool:
    """Return what a word such as `yes` or `off` says; an empty one says no. Raises ValueError for any other."""
    if word.lower() not in _TRUE | _FALSE:
        raise ValueError(word)
    return word.lower() in _TRUE


def flag_env(name: str) -> str:
    """Return the variable that sets a flag."""
    return f"ENABLE_{name.upper()}"


def flags_from(env: Mapping[str, str], problems: list[Problem] | None = None) -> Flags:
    """Read the four `ENABLE_*` variables; one that is no boolean is added to `problems`, or raises ConfigError."""
    found: list[Problem] = [] if problems is None else problems
    flags = {}
    for name in Flags.__struct_fields__:
        raw = env.get(flag_env(name), "").strip().lower()
        try:
            flags[name] = truth(raw)
        except ValueError:
            found.append(Problem("environment", None, flag_env(name), raw, "true or false (1, yes, on; 0, no, off)"))
    if problems is None and found:
        raise ConfigError(found)
    return Flags(**flags)
