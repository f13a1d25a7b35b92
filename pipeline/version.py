"""Which version is installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def installed_version() -> str:
    """Return the version of the installed distribution, `0+unknown` when run from a checkout that is not installed."""
    try:
        return version("pipemeter")
    except PackageNotFoundError:
        return "0+unknown"
