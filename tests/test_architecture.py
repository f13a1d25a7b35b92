"""What docs/architecture.md promises of the four packages."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = ("pipemeter", "exporter", "monitoring", "pipeline")  # each imports only those to its right


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", ORDER)
def test_a_package_imports_only_those_to_its_right(package: str) -> None:
    forbidden = {*ORDER[: ORDER.index(package)], "bench", "tests", "tools"}
    wrong = {str(path): found for path in (ROOT / package).rglob("*.py") if (found := _imports(path) & forbidden)}
    assert not wrong


def test_no_verb_imports_a_verb_or_the_command_line() -> None:
    wrong = {
        str(path): path.read_text()
        for path in (ROOT / "pipemeter").rglob("*.py")
        if re.search(r"^\s*(from|import) pipemeter\.(verbs|cli)\b", path.read_text(), re.MULTILINE)
    }
    assert set(wrong) == {str(ROOT / "pipemeter" / "__main__.py")}


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
