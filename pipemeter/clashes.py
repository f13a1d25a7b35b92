"""Whether `pipeline`, `monitoring` and `exporter` are ours: other packages and folders are called so too.

Needs nothing but the standard library: it has to work where the import of everything else fails.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

NAMES = ("pipeline", "monitoring", "exporter")
_ROOT = Path(__file__).resolve().parents[1]


class Clash(NamedTuple):
    """A name of ours that gives somebody else's package: where that is."""

    name: str
    place: str

    def __str__(self) -> str:
        return f"`import {self.name}` gives {self.place}, not pipemeter's package of that name"


def clashes(path: Sequence[str] | None = None, root: Path = _ROOT) -> list[Clash]:
    """Return the names that a program with this `sys.path` (None: ours) finds elsewhere than in `root`."""
    found = []
    for name in NAMES:
        spec = PathFinder.find_spec(name, list(sys.path if path is None else path))
        if spec is None:  # found by no path, but by the hook of an editable installation
            continue
        places = list(spec.submodule_search_locations or ()) or [spec.origin or "?"]
        if Path(places[0]).resolve() != root / name:
            found.append(Clash(name, places[0]))
    return found


def sharers() -> list[Clash]:
    """Return the other installed distributions that bring a package of one of the names: files of both are mixed."""
    owners = packages_distributions()
    return [
        Clash(name, f"files of the distribution {owner!r} too")
        for name in NAMES
        for owner in sorted(set(owners.get(name, ())) - {"pipemeter"})
    ]
