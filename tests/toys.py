"""The toy shop of docs/extend.md as an installed package, and others that are wrong somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "extend.md"
_BLOCK = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> dict[str, str]:
    """Return the files that the page shows, by name."""
    return dict(_BLOCK.findall(PAGE.read_text()))


def install(folder: Path, package: str = "toys", says: str | None = None, points: str | None = None) -> Path:
    """Lay a package into a folder as pip would; a path with the folder in it finds it. Return the folder.

    Without further arguments it is the page's. `says`: another source for it; `points`: lines of its entry points.
    """
    shown = blocks()
    project = tomllib.loads(shown["pyproject.toml"])["project"]
    given = [f"{key} = {value}" for key, value in project["entry-points"]["pipemeter.domains"].items()]
    home = folder / package
    home.mkdir(parents=True)
    (home / "__init__.py").touch()
    (home / "says.py").write_text(shown["toys/says.py"] if says is None else says)
    told = folder / f"{package}-{project['version']}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {project['version']}\n")
    lines = points if points is not None else "\n".join(given).replace("toys.", f"{package}.")
    (told / "entry_points.txt").write_text(f"[pipemeter.domains]\n{lines}\n")
    return folder
