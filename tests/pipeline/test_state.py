from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.state import state_dir


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"MONITORING_HOME": "/srv/state", "XDG_STATE_HOME": "/x"}, Path("/srv/state")),
        ({"MONITORING_HOME": "", "XDG_STATE_HOME": "/x"}, Path("/x/pipemeter")),
        ({"MONITORING_HOME": "~/m"}, Path.home() / "m"),
        ({"XDG_STATE_HOME": "~/x"}, Path.home() / "x" / "pipemeter"),
        ({}, Path.home() / ".local" / "state" / "pipemeter"),
    ],
)
def test_the_state_folder_is_what_the_environment_says_else_that_of_xdg(
    environ: dict[str, str], expected: Path
) -> None:
    assert state_dir(environ) == expected


def test_asking_for_the_state_folder_makes_none(tmp_path: Path) -> None:
    assert not state_dir({"MONITORING_HOME": str(tmp_path / "new")}).exists()


def test_without_an_environment_it_is_that_of_this_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MONITORING_HOME", str(tmp_path))
    assert state_dir() == tmp_path
