"""`pipemeter init` in a checkout; what the wheel makes of it is asked in tests/test_installed_core.py."""

from __future__ import annotations

import json
from pathlib import Path

from tests.pipemeter.conftest import REPOSITORY, Pipemeter


def test_a_new_folder_holds_configuration_compose_and_settings(pipemeter: Pipemeter, tmp_path: Path) -> None:
    done = pipemeter("init", "new", "--json")
    document = json.loads(done.out)
    assert (done.code, document["folder"], document["replaced"], document["unchanged"]) == (0, "new", [], [])
    for name in (
        "config/monitoring.yaml",
        "config/pipeline.yaml",
        "docker-compose.yml",
        "prometheus/prometheus.yml",
        ".env",
    ):
        assert name in document["written"]
    for name in document["written"]:
        assert (tmp_path / "new" / name).is_file()
    assert (tmp_path / "new/config/monitoring.yaml").read_bytes() == (
        REPOSITORY / "config/monitoring.yaml"
    ).read_bytes()
    assert (tmp_path / "new/docker/compose").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "new/.env").stat().st_mode & 0o777 == 0o600  # secrets will stand in it


def test_done_twice_it_changes_nothing(pipemeter: Pipemeter) -> None:
    written = json.loads(pipemeter("init", "new", "--json").out)["written"]
    again = pipemeter("init", "new", "--json")
    assert again.code == 0
    assert json.loads(again.out) == {"folder": "new", "written": [], "replaced": [], "unchanged": written}


def test_what_is_there_and_differs_is_refused_and_nothing_is_written(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / "new/config").mkdir(parents=True)
    (tmp_path / "new/config/pipeline.yaml").write_text("shadow_rate: 0.07\n")
    done = pipemeter("init", "new")
    assert done.code == 1
    assert done.err == (
        "pipemeter: new/config/pipeline.yaml differs from what belongs there; nothing was written, --force replaces it\n"
    )
    assert [path.name for path in tmp_path.glob("new/**/*") if path.is_file()] == ["pipeline.yaml"]


def test_force_replaces_it_and_keeps_what_people_wrote_beside(pipemeter: Pipemeter, tmp_path: Path) -> None:
    pipemeter("init", "new")
    (tmp_path / "new/.env").write_text("SLACK_WEBHOOK_URL=https://hooks.example.com/1\n")
    (tmp_path / "new/docker-compose.yml").write_text("services: {}\n")
    refused = pipemeter("init", "new")
    assert refused.code == 1
    assert "new/.env and 1 more differ" in refused.err
    done = pipemeter("init", "new", "--force", "--json")
    assert json.loads(done.out)["replaced"] == [".env", "docker-compose.yml"]
    assert (tmp_path / "new/.env.bak").read_text() == "SLACK_WEBHOOK_URL=https://hooks.example.com/1\n"
    assert not (tmp_path / "new/docker-compose.yml.bak").exists()
    assert pipemeter("init", "new").code == 0


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    assert pipemeter("init", "taken").code == 2
    done = pipemeter("init", "taken/inner")
    assert done.code == 1
    assert done.err.startswith("pipemeter: taken/inner/")
    assert len(done.err.splitlines()) == 1


def test_a_new_folder_can_be_worked_with_at_once(pipemeter: Pipemeter) -> None:
    pipemeter("init", "new")
    assert pipemeter("compile", "--out", "new", "--check").code == 0
