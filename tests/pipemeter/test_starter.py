"""What a new folder holds, made of the repository's files; the wheel's are asked in tests/test_installed_core.py."""

from __future__ import annotations

import pytest
import yaml

from pipemeter.starter import starter_files
from tests.pipemeter.conftest import REPOSITORY


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
