"""The toy shop of docs/extend.md as an installed package, and others that are wrong somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "extend.md"
_FILE = re.compile(r"^`([\w./-]+)`:\n\n(```|~~~)\w+\n(.*?)^\2$", re.MULTILINE | re.DOTALL)


def blocks() -> dict[str, str]:
    """Return the files that the page shows, by name."""
    return {name: body for name, _, body in _FILE.findall(PAGE.read_text())}


def commands() -> str:
    """Return the commands that the page gives."""
    (found,) = re.findall(r"^```sh\n(.*?)^```$", _FILE.sub("", PAGE.read_text()), re.MULTILINE | re.DOTALL)
    return str(found)


def install(folder: Path, package: str = "toys", says: str | None = None, points: str | None = None) -> Path:
    """Lay a package into a folder as pip would; a path with the folder in it finds it. Return the folder.

    Without further arguments it is the page's. `says`: another source for it; `points`: lines of its entry points.
    """
    shown = blocks()
    project = tomllib.loads(shown["pyproject.toml"])["project"]
    given = [f"{key} = {value}" for key, value in project["entry-points"]["pipemeter.domains"].items()]
    home = folder / package
    for name, text in shown.items():
        if name.startswith("toys/"):
            path = home / name.removeprefix("toys/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    (home / "__init__.py").touch()
    (home / "says.py").write_text(shown["toys/says.py"] if says is None else says)
    told = folder / f"{package}-{project['version']}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {project['version']}\n")
    lines = points if points is not None else "\n".join(given).replace("toys.", f"{package}.")
    (told / "entry_points.txt").write_text(f"[pipemeter.domains]\n{lines}\n")
    return folder
