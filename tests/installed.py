"""The built wheel in empty environments, each made with the pip that its Python brings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_NAMES = ("python3", "python3.11", "python3.12", "python3.13", "python3.14")
_ASK = "import ensurepip, sys; print(*sys.version_info[:2], ensurepip.version())"
Version = tuple[int, ...]


class Environment:
    """A virtual environment with the wheel in it. Commands run in a folder of their own, without the checkout."""

    def __init__(self, folder: Path, python: Path) -> None:
        self.folder = folder
        subprocess.run([python, "-m", "venv", folder], check=True)
        self.python = folder / "bin" / "python"

    def install(self, *wanted: str | Path) -> None:
        """Install with the pip that was there from the start."""
        done = self.run("-m", "pip", "install", "-q", "--disable-pip-version-check", *wanted, cwd=self.folder)
        if done.returncode and "CI" not in os.environ and "No matching distribution" in done.stderr:
            pytest.skip("no package index can be reached")
        assert done.returncode == 0, done.stderr

    def run(self, *arguments: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run its Python to the end."""
        return subprocess.run(
            [self.python, *arguments], cwd=cwd, env=environment(**environ), capture_output=True, text=True, check=False
        )

    def pipemeter(self, *arguments: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the command; it must never show a traceback."""
        command = [str(self.folder / "bin" / "pipemeter"), *map(str, arguments)]
        done = subprocess.run(
            command, cwd=cwd, env=environment(**environ), capture_output=True, text=True, timeout=120, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        [found] = self.folder.glob("lib/python3*/site-packages")
        return found


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without what would lead a command back to the checkout."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "COV_CORE", "COVERAGE_")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)} | {
        "COLUMNS": "120",
        **more,
    }


def build_wheel(folder: Path) -> Path:
    """Build it by way of the source distribution, as a release is: what that lacks, the wheel lacks."""
    command = [sys.executable, "-m", "uv", "build", "-q", "--out-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, env=environment())
    [wheel] = folder.glob("*.whl")
    return wheel


@cache
def pythons() -> list[tuple[Version, Version, Path]]:
    """Return the Pythons of this machine that pipemeter runs on: version, that of the pip it brings, program.

    One for each version, that with the oldest pip.
    """
    folders = [Path(folder) for folder in os.get_exec_path()]
    folders += sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin"))
    found: list[tuple[Version, Version, Path]] = []
    for program in (folder / name for folder in folders for name in _NAMES):
        if shutil.which(program) and program.parent != Path(sys.executable).parent:
            asked = subprocess.run([program, "-c", _ASK], capture_output=True, text=True, check=False)
            if asked.returncode == 0:
                major, minor, pip = asked.stdout.split()
                found.append(((int(major), int(minor)), tuple(int(part) for part in pip.split(".")), program))
    return [
        min((one for one in found if one[0] == version), key=lambda one: one[1])
        for version in sorted({version for version, *_ in found if version >= (3, 11)})
    ]


def oldest_pip() -> Path:
    """Return the Python that brings the oldest pip."""
    return min(pythons(), key=lambda one: one[1])[2]
