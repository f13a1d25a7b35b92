"""YAML with a memory: plain values that still know the file and line they came from.

Operators' files are read through here, so that every refusal can say file, line, key, value and what was expected.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import HIDDEN, ConfigError, Problem


class Node:
    """A mapping, sequence or scalar of a YAML file, with its place and its dotted key."""

    def __init__(self, value: Any, file: str, line: int, key: str) -> None:
        self.value = value  # dict[str, Node] | list[Node] | scalar
        self.file = file
        self.line = line
        self.key = key
        self.says_null = False  # `null` or `~` is written, more than nothing at all

    def plain(self) -> Any:
        """Return the value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def problem(self, expected: str, key: str | None = None) -> Problem:
        """Return the problem that this value is not what was expected."""
        return Problem(self.file, self.line, self.key if key is None else key, shown(self.plain(), self.key), expected)

    def items(self) -> Iterator[tuple[str, Node]]:
        """Yield the entries of a mapping. Raises ConfigError if it is none."""
        if self.value is None:
            return
        if not isinstance(self.value, dict):
            raise ConfigError([self.problem("a mapping of keys to values")])
        yield from self.value.items()

    def entries(self) -> list[Node]:
        """Return the entries of a sequence. Raises ConfigError if it is none."""
        if not isinstance(self.value, list):
            raise ConfigError([self.problem("a list")])
        return self.value


def load(path: Path) -> Node:
    """Read one YAML file. Raises ConfigError for unreadable files, syntax errors and duplicate keys."""
    name = str(path)
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(name, None, "(file)", f"byte {error.start}", "UTF-8 text")]) from error
    except OSError as error:
        raise ConfigError([Problem(name, None, "(file)", error.strerror or "unreadable", "a readable file")]) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ConfigError([Problem(name, line, "(syntax)", error.problem or "?", "valid YAML")]) from error
    except yaml.YAMLError as error:
        raise ConfigError([Problem(name, None, "(syntax)", str(error).splitlines()[0], "valid YAML")]) from error
    if root is None:
        return Node({}, name, 1, "")
    problems: list[Problem] = []
    node = _convert(root, name, "", problems)
    if problems:
        raise ConfigError(problems)
    return node


def _convert(node: yaml.Node, file: str, key: str, problems: list[Problem], depth: int = 0) -> Node:
    line = node.start_mark.line + 1
    if depth > 32:
        problems.append(Problem(file, line, key, "nested too deeply", "at most 32 levels"))
        return Node(None, file, line, key)
    if isinstance(node, yaml.MappingNode):
        return Node(_mapping(node, file, key, problems, depth), file, line, key)
    if isinstance(node, yaml.SequenceNode):
        values = [_convert(v, file, f"{key}[{i}]", problems, depth + 1) for i, v in enumerate(node.value)]
        return Node(values, file, line, key)
    try:
        scalar = Node(_SCALARS.construct_object(node), file, line, key)
    except (yaml.YAMLError, ValueError) as error:
        problems.append(
            Problem(file, line, key, shown(str(node.value), key), f"a plain value ({str(error).splitlines()[0]})")
        )
        return Node(None, file, line, key)
    scalar.says_null = scalar.value is None and node.value != ""
    return scalar


_SCALARS = yaml.SafeLoader("")


def _mapping(node: yaml.MappingNode, file: str, key: str, problems: list[Problem], depth: int) -> dict[str, Node]:
    result: dict[str, Node] = {}
    for name_node, value_node in node.value:
        name = str(getattr(name_node, "value", name_node))
        dotted = f"{key}.{name}" if key else name
        if name in result:
            line = name_node.start_mark.line + 1
            problems.append(
                Problem(file, line, dotted, "given twice", f"one value (first at line {result[name].line})")
            )
            continue
        result[name] = _convert(value_node, file, dotted, problems, depth + 1)
        result[name].line = name_node.start_mark.line + 1  # a block value begins below its key; people look for the key
    return result


_SECRET_KEY = re.compile(r"(password|passwd|secret|token|api_?key|routing_?key|webhook)$", re.IGNORECASE)
_ADDRESS = re.compile(r"(\b[a-z][a-z0-9+.-]*://)([^\s'\"]*)", re.IGNORECASE)


def shown(value: Any, key: str = "") -> str:
    """Return a value as short text for an error message, without what may be secret in it.

    Of an address only scheme and host are shown, since webhooks have their secret in the path; nothing of what stands
    under a key that is called like a secret.
    """
    masked = _masked(value, key)
    text = repr(masked) if isinstance(masked, str) and masked != HIDDEN else str(masked)
    text = "nothing" if masked is None else text
    return text if len(text) <= 80 else text[:77] + "..."


def _masked(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return {name: _masked(entry, name) for name, entry in value.items()}
    if isinstance(value, list):
        return [_masked(entry, key) for entry in value]
    if value is not None and _SECRET_KEY.search(key):
        return HIDDEN
    return _ADDRESS.sub(_host_alone, value) if isinstance(value, str) else value


def _host_alone(found: re.Match[str]) -> str:
    host, slash, _ = re.split("([/?#]|$)", found[2], maxsplit=1)
    whole = host + slash
    return found[1] + ("..." if "@" in found[2] else whole if whole == found[2] else host + "/...")


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return the words that say which names are valid, the most similar one first."""
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    listed = ", ".join(names)
    return f"`{close[0]}` (one of: {listed})" if close else f"one of: {listed}"
