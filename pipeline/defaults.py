"""The files that come with every installation: default configuration, what it compiles into, what runs it in Docker.

In the repository they stand where people look for them; a wheel has copies in the folder beside this module (setup.py).
"""

from __future__ import annotations

from pathlib import Path

_IN_A_WHEEL = Path(__file__).with_name("default_files")


def default_files() -> Path:
    """Return the folder that these files stand in, in both cases laid out as in the repository."""
    return _IN_A_WHEEL if _IN_A_WHEEL.is_dir() else Path(__file__).parents[1]


def checkout() -> Path | None:
    """Return the folder of the repository that is run, None when an installed wheel is."""
    folder = default_files()
    return folder if folder != _IN_A_WHEEL else None
