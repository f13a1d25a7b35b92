"""`pipemeter init` in a checkout; what the wheel makes of it is asked in tests/test_installed_core.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from pipemeter.starter import starter_files
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


def test_nothing_in_it_speaks_of_what_only_the_repository_has() -> None:
    files = starter_files()
    for name in (".env", "docker-compose.yml", "docker/compose", "docker/demo", "docker/grafana-setup"):
        text = files[name].data.decode()
        for word in ("make up", "make down", ".env.example", "transcription", "./samples"):
            assert word not in text, name


def test_the_settings_it_brings_change_nothing_until_somebody_edits_them() -> None:
    lines = starter_files()[".env"].data.decode().splitlines()
    assert all(not line or line.startswith("#") for line in lines)


@pytest.fixture
def services() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = yaml.safe_load(starter_files()["docker-compose.yml"].data)["services"]
    return found


def test_its_services_are_those_of_the_repository_and_no_data_is_made_up(
    services: dict[str, dict[str, object]],
) -> None:
    ours = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
    assert services.keys() == ours.keys()
    changed = {name for name in services if services[name] != ours[name]}
    assert changed == {"exporter", "demo"}
    assert services["demo"]["image"] == services["exporter"]["image"]
    assert services["demo"]["environment"]["DEMO"] == "${DEMO:-off}"  # type: ignore[index]
    assert services["exporter"]["build"]["context"] == str(REPOSITORY)  # type: ignore[index]
