"""What boards of domains are made of: data, from the shapes of monitoring/domains alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import monitoring.domains

FOLDER = Path(monitoring.domains.__file__).parent
SHAPES = {f"monitoring.domains.{name}" for name in ("ask", "board", "ready_panels", "scale", "variable")}
MODULES = sorted(FOLDER.glob("*/boards/*.py"))


def imported(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text()))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found - {"__future__", "collections.abc"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_a_board_module_imports_shapes_and_its_own_folder_alone(path: Path) -> None:
    own = "monitoring.domains." + path.parent.relative_to(FOLDER).as_posix().replace("/", ".")
    assert {name for name in imported(path) if name != own and not name.startswith(f"{own}.")} <= SHAPES


@pytest.mark.parametrize("name", ["ask", "board", "scale", "variable", "ready_panels"])
def test_a_shape_imports_shapes_alone(name: str) -> None:
    assert {one for one in imported(FOLDER / f"{name}.py") if one.startswith(("monitoring", "pipeline"))} <= SHAPES


def test_there_are_boards_to_look_at() -> None:
    assert len(MODULES) >= 8
