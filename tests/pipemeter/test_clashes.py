from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipemeter.clashes import Clash, clashes

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("marker", ["__init__.py", None])
def test_a_package_or_folder_in_front_of_ours_is_a_clash(tmp_path: Path, marker: str | None) -> None:
    (tmp_path / "monitoring").mkdir()
    if marker:
        (tmp_path / "monitoring" / marker).touch()
        assert clashes([str(tmp_path), str(ROOT)]) == [Clash("monitoring", str(tmp_path / "monitoring"))]
    else:  # a folder without code gives way to any package, but not to the hook of an editable installation
        assert clashes([str(tmp_path), str(ROOT)]) == []
        assert clashes([str(tmp_path)]) == [Clash("monitoring", str(tmp_path / "monitoring"))]


def test_a_module_in_front_of_ours_is_a_clash(tmp_path: Path) -> None:
    (tmp_path / "exporter.py").touch()
    (found,) = clashes([str(tmp_path), str(ROOT)])
    assert str(tmp_path / "exporter.py") in str(found)


def test_ours_are_no_clash_wherever_they_are_found() -> None:
    assert clashes([str(ROOT)]) == []
    assert clashes([]) == []


def test_an_import_that_meets_another_package_says_where_that_is(tmp_path: Path) -> None:
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "__init__.py").touch()
    program = "from pipemeter import PushRecorder"
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"ImportError: `import pipeline` gives {tmp_path / 'pipeline'}" in found.stderr


def test_a_command_that_meets_another_package_says_so_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "pipeline").mkdir()
    (tmp_path / "pipeline" / "__init__.py").touch()
    for name in ("pipemeter", "monitoring", "exporter"):
        (tmp_path / "site" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "site" / name).symlink_to(ROOT / name)
    script = "import sys; sys.meta_path[:] = [m for m in sys.meta_path if 'ditable' not in repr(m)]; "
    script += "from pipemeter.cli import main; sys.argv = ['pipemeter', 'doctor']; main()"
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert found.stderr.count("\n") == 1
    assert f"pipemeter: `import pipeline` gives {tmp_path / 'pipeline'}" in found.stderr
