"""What the package says it needs, against what is installed: an installation may be for serving alone.

The smaller image of the Dockerfile has the exporter's packages and none of the stages'.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, distribution, requires

from pipeline.errors import PipemeterError

INSTALL = "run `make install`, or `pip install pipemeter`; in Docker, use the image of the target `transcription`"


class MissingPackagesError(PipemeterError):
    """A command needs packages that this installation does without."""


def required() -> list[str]:
    """Return the names of all packages that pipemeter depends on; none when it is run without being installed."""
    try:
        lines = requires("pipemeter") or []
    except PackageNotFoundError:
        return []
    return [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in lines if "extra ==" not in line]


def missing(names: Iterable[str], find: Callable[[str], object] = distribution) -> list[str]:
    """Return those of `names` that are not installed."""
    found = []
    for name in names:
        try:
            find(name)
        except PackageNotFoundError:
            found.append(name)
    return found


def need_all(command: str) -> None:
    """Raise MissingPackagesError when something that the stages need is not installed."""
    if absent := missing(required()):
        raise MissingPackagesError(f"{command} needs packages that are not installed ({', '.join(absent)}); {INSTALL}")
