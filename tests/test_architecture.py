"""What docs/architecture.md promises of the four packages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ("pipemeter", "exporter", "monitoring", "pipeline")  # each imports only those to its right


# The rooms (folders and modules) of each package, from the ground up; those in one line do not know each other.
ROOMS = {
    "exporter": (
        "errors settings",
        "counting text server",
        "journal",
        "intake",
        "pushgateway api",
        "exporter",
        "status admin local exposition",
        "app",
    ),
}


def _modules(path: Path) -> set[str]:
    """The full names that a file imports from, wherever it does so."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def _imports(path: Path) -> set[str]:
    return {name.split(".")[0] for name in _modules(path)}


@pytest.mark.parametrize("package", ROOMS)
def test_a_room_imports_only_rooms_below_it(package: str) -> None:
    floor = {room: number for number, rooms in enumerate(ROOMS[package]) for room in rooms.split()}
    wrong = []
    for path in sorted((ROOT / package).rglob("*.py")):
        room = path.relative_to(ROOT / package).with_suffix("").parts[0]
        if room == "__init__":
            continue
        used = {name.split(".")[1] for name in _modules(path) if name.startswith(f"{package}.")} - {room}
        wrong += [f"{path.relative_to(ROOT)} imports {other}" for other in used if floor[other] >= floor[room]]
    assert not wrong


@pytest.mark.parametrize("package", ORDER)
def test_a_package_imports_only_those_to_its_right(package: str) -> None:
    forbidden = {*ORDER[: ORDER.index(package)], "bench", "tests", "tools"}
    wrong = {str(path): found for path in (ROOT / package).rglob("*.py") if (found := _imports(path) & forbidden)}
    assert not wrong


def test_every_setting_of_the_environment_is_documented() -> None:
    docs = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    code = "".join(path.read_text() for package in ORDER for path in (ROOT / package).rglob("*.py"))
    from exporter.settings import _ENV
    from pipeline.configuration.config import _ENV_SETTINGS, _QUALITY_ENV

    variables = {*_ENV, *_QUALITY_ENV, *(variable for *_, variable in _ENV_SETTINGS)}
    variables |= {
        "CONFIG_VERSION",
        "SHADOW_RATE",
        "PIPEMETER_PROFILE",
        "DASHBOARD_API_URL",
        "MONITORING_HOME",
        "LOG_LEVEL",
        "ALERTMANAGER_URL",
    }
    missing = {variable for variable in variables if variable in code and f"`{variable}`" not in docs}
    assert not missing
