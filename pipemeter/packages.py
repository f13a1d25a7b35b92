"""What the package says it needs, against what is installed: the core counts and serves, extras do the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, distribution, requires

from pipeline.errors import PipemeterError

STAGES = "pipeline"  # the extra without which nothing is downloaded, transcribed, assessed or analysed
_NAMED = 3  # missing packages that a sentence names
_EXTRA_OF = dict.fromkeys(
    ("av", "charset_normalizer", "faster_whisper", "feedparser", "httpcore", "lxml", "lxml_html_clean", "py3langid",
     "safetensors", "tokenizers", "trafilatura", "wordllama", "yake", "yt_dlp"), STAGES,
) | {"qdrant_client": "qdrant"}  # fmt: skip


class MissingPackagesError(PipemeterError):
    """A command needs packages that this installation does without."""


def install(extra: str | None) -> str:
    """Return what brings an extra; None: the core, anew."""
    if extra is None:
        return "run `pip install --force-reinstall pipemeter`"
    image = "; in Docker, use the image of the target `transcription`" if extra == STAGES else ""
    return f"run `pip install 'pipemeter[{extra}]'`, or `make install` in the repository{image}"


def needed_module(module: str) -> str:
    """Say in one sentence that a module is not installed, and what brings it."""
    return f"this needs `{module}`, which is not installed; {install(_EXTRA_OF.get(module.partition('.')[0]))}"


def required(extra: str) -> list[str]:
    """Return the names of the packages that an extra adds; none when pipemeter is run without being installed."""
    try:
        lines = requires("pipemeter") or []
    except PackageNotFoundError:
        return []
    mark = re.compile(rf"""extra == ["']{re.escape(extra)}["']""")
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if mark.search(line)]


def missing(names: Iterable[str], find: Callable[[str], object] = distribution) -> list[str]:
    """Return those of `names` that are not installed."""
    found = []
    for name in names:
        try:
            find(name)
        except PackageNotFoundError:
            found.append(name)
    return found


def need(command: str, extra: str = STAGES) -> None:
    """Raise MissingPackagesError when something of an extra that a command needs is not installed."""
    if absent := missing(required(extra)):
        more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
        named = ", ".join(absent[:_NAMED]) + more
        raise MissingPackagesError(f"{command} needs packages that are not installed ({named}); {install(extra)}")
