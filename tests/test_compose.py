"""What docker-compose.yml, the Dockerfile and the files around them promise, without a Docker to run them on."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ENDING = {"alertmanager-config", "grafana-setup"}  # they do their work and end; all others go on
LASTING = sorted(set(SERVICES) - ENDING)
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::-([^}]*))?\}")
SECRET = re.compile(r"PASSWORD|TOKEN|SECRET|WEBHOOK|KEY|HEARTBEAT")
EXAMPLE = {m[1]: m[2] for m in re.finditer(r"^#?([A-Z][A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M)}
SCRIPT = {m[1]: m[2] for m in re.finditer(r"\(setting ([A-Z_]+) ([^\s)]+)", (ROOT / "docker/compose").read_text())}
needs_promtool = pytest.mark.skipif(  # in CI a missing program is a failure, not a skip
    shutil.which("promtool") is None and "CI" not in os.environ,
    reason="Debian's package prometheus is not installed",
)


def resolved(text: str) -> str:
    return VARIABLE.sub(lambda m: m[2] or "", text)


def binds(service: str) -> list[tuple[str, str, str]]:
    parts = [volume.split(":") for volume in SERVICES[service].get("volumes", ())]
    return [(part[0], part[1], ":".join(part[2:])) for part in parts if part[0].startswith(".")]


def test_every_variable_is_explained_in_the_example_and_none_is_there_that_nothing_reads() -> None:
    assert {m[1] for m in VARIABLE.finditer(TEXT)} | set(SCRIPT) == set(EXAMPLE)


def test_the_example_shows_the_values_that_hold_without_it() -> None:
    found = {(m[1], m[2]) for m in VARIABLE.finditer(TEXT)} | set(SCRIPT.items())
    assert found == set(EXAMPLE.items())  # also: no variable has two defaults


def test_the_example_changes_nothing_until_somebody_edits_it() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert all(not line or line.startswith("#") for line in lines)


@pytest.mark.parametrize("service", SERVICES)
def test_every_image_is_pinned_and_can_be_replaced(service: str) -> None:
    image = SERVICES[service]["image"]
    assert VARIABLE.fullmatch(image)
    assert re.fullmatch(r"[\w./-]+:v?\d+(\.\d+){1,2}(-\w+)?", resolved(image))


def test_our_own_images_carry_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    ours = {
        resolved(service["image"]): service["build"]["target"] for service in SERVICES.values() if "build" in service
    }
    assert ours == {f"pipemeter:{version}": "exporter", f"pipemeter:{version}-transcription": "transcription"}


def test_an_image_is_built_once_and_before_it_is_used() -> None:
    building = [service["image"] for service in SERVICES.values() if "build" in service]
    assert len(building) == len(set(building)) == 2
    for name in ENDING:
        assert SERVICES[name]["image"] == SERVICES["exporter"]["image"]
        assert "exporter" in SERVICES[name]["depends_on"]


def test_the_base_image_is_pinned_and_can_be_replaced() -> None:
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.M)
    assert bases[0] == EXAMPLE["PYTHON_IMAGE"] == "python:3.13-slim"
    assert "${BASE}" in bases[1:]
    for service in SERVICES.values():
        if "build" in service:
            assert service["build"]["args"] == {"BASE": "${PYTHON_IMAGE:-python:3.13-slim}"}


@pytest.mark.parametrize("service", LASTING)
def test_what_goes_on_has_a_health_check_and_comes_back_after_a_crash(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert SERVICES[service]["restart"] == ("on-failure" if service == "demo" else "unless-stopped")


@pytest.mark.parametrize("service", sorted(ENDING))
def test_what_ends_is_not_started_again(service: str) -> None:
    assert SERVICES[service]["restart"] == "no"
    assert SERVICES[service]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize("service", ["prometheus", "alertmanager", "grafana"])
def test_health_checks_of_foreign_images_use_the_program_that_is_in_them(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"][:2] == ["CMD", "wget"]


def test_services_wait_for_what_they_need() -> None:
    for name, service in SERVICES.items():
        for other, wanted in service.get("depends_on", {}).items():
            condition = "service_completed_successfully" if other in ENDING else "service_healthy"
            assert wanted == {"condition": condition}, name
    assert set(SERVICES["demo"]["depends_on"]) == {"exporter", "prometheus"}
    assert set(SERVICES["prometheus"]["depends_on"]) == {"exporter", "alertmanager"}


@pytest.mark.parametrize("service", SERVICES)
def test_folders_of_the_repository_are_there_and_mounted_read_only(service: str) -> None:
    for source, _, mode in binds(service):
        assert mode == "ro", source
        assert (ROOT / source).exists(), source


def test_what_is_kept_is_in_named_volumes() -> None:
    named = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", ()) if not v.startswith(".")}
    assert named == set(COMPOSE["volumes"])


@pytest.mark.parametrize("service", SERVICES)
def test_memory_is_limited_and_privileges_are_dropped(service: str) -> None:
    assert re.fullmatch(r"\d+[mg]", SERVICES[service]["mem_limit"])
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_runs_as_root(service: str) -> None:
    last = re.findall(r"^USER (\S+)$", (ROOT / "Dockerfile").read_text(), re.M)
    ours = resolved(SERVICES[service]["image"]).startswith("pipemeter:")
    user = SERVICES[service].get("user") or (last[-1] if ours else "")
    assert re.match(r"[1-9]\d*:", user)


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_open_on_this_machine_only_unless_somebody_says_otherwise(service: str) -> None:
    for port in SERVICES[service].get("ports", ()):
        assert resolved(port).startswith("127.0.0.1:")


def test_no_secret_has_a_default() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name) and not name.endswith("__FILE"):
                assert VARIABLE.fullmatch(value), name
                assert resolved(value) == "", name
    assert {name for name, value in EXAMPLE.items() if SECRET.search(name) and value} == set()


@pytest.mark.parametrize(
    ("name", "readers"),
    [
        ("SLACK_WEBHOOK_URL", {"alertmanager-config"}),
        ("DISCORD_WEBHOOK_URL", {"alertmanager-config"}),  # the demo would post its summaries there
        ("SMTP_PASSWORD", {"alertmanager-config"}),
        ("GRAFANA_ADMIN_PASSWORD", {"grafana-setup"}),
        ("EXPORTER_TOKEN", {"exporter", "demo", "alertmanager-config"}),
    ],
)
def test_a_secret_is_given_to_those_who_need_it(name: str, readers: set[str]) -> None:
    assert {service for service in SERVICES if f"${{{name}" in str(SERVICES[service])} == readers


def test_prometheus_keeps_enough_and_knows_its_address() -> None:
    flags = [resolved(flag) for flag in SERVICES["prometheus"]["command"]]
    assert "--storage.tsdb.retention.time=35d" in flags
    assert "--enable-feature=exemplar-storage" in flags
    assert "--web.external-url=http://localhost:9090" in flags


def test_only_the_version_of_compose_that_has_no_version_key_is_meant() -> None:
    assert set(COMPOSE) == {
        "x-defaults",
        "x-exporter-image",
        "services",
        "volumes",
    }  # `version` draws a warning from v2


# --- Prometheus and Grafana ------------------------------------------------------------------------------------------


@pytest.fixture
def as_in_compose(tmp_path: Path) -> Path:
    """The folders as the service `prometheus` sees them."""
    for source, target, _ in sorted(binds("prometheus"), key=lambda bind: len(bind[1])):
        copied = tmp_path / target.lstrip("/")
        shutil.copytree(ROOT / source, copied, dirs_exist_ok=True)
    return tmp_path / "etc/pipemeter/prometheus/prometheus.yml"


def promtool(config: Path) -> str:
    done = subprocess.run(["promtool", "check", "config", str(config)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_prometheus_takes_its_configuration_where_it_lies() -> None:
    printed = promtool(ROOT / "prometheus/prometheus.yml")
    assert len(re.findall(r"rules found", printed)) == len(list((ROOT / "alert_rules").glob("*.yaml"))) + len(
        list((ROOT / "prometheus/rules").glob("*.yaml"))
    )


@needs_promtool
def test_prometheus_takes_its_configuration_as_it_is_mounted(as_in_compose: Path) -> None:
    here, there = (
        re.findall(r"\d+ rules found", promtool(path)) for path in (ROOT / "prometheus/prometheus.yml", as_in_compose)
    )
    assert here == there


def test_the_pipeline_is_scraped_under_the_name_that_everything_relies_on() -> None:
    config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert list(jobs) == ["pipeline", "prometheus", "alertmanager", "grafana"]
    assert jobs["pipeline"]["honor_labels"] is True


@pytest.mark.parametrize("folder", ["targets", "targets-compose"])
def test_the_targets_of_every_job_are_named_for_both_uses(folder: str) -> None:
    config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())
    wanted = {file for job in config["scrape_configs"] for sd in job["file_sd_configs"] for file in sd["files"]}
    found = {
        f"targets/{path.name}": yaml.safe_load(path.read_text()) for path in (ROOT / "prometheus" / folder).iterdir()
    }
    assert set(found) == wanted
    addresses = {address for groups in found.values() for group in groups for address in group["targets"]}
    local = {f"localhost:{port}" for port in (8000, 9090, 9093, 3000)}
    meant = {"exporter:8000", "localhost:9090", "alertmanager:9093", "grafana:3000"}
    assert addresses == (local if folder == "targets" else meant)


def test_grafana_finds_its_data_source_and_its_boards() -> None:
    [source] = [
        source
        for source in yaml.safe_load((ROOT / "grafana/provisioning/datasources/datasources.yaml").read_text())[
            "datasources"
        ]
        if source["type"] == "prometheus"
    ]
    assert (source["uid"], source["isDefault"]) == ("prometheus", True)
    interval = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == interval
    environment = SERVICES["grafana"]["environment"]
    assert environment[source["url"].removeprefix("$")] == "http://prometheus:9090"
    [provider] = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/dashboards.yaml").read_text())["providers"]
    mounted = {target: ROOT / origin for origin, target, _ in binds("grafana")}
    boards = mounted[provider["options"]["path"]]
    home = Path(environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    assert yaml.safe_load((boards / home.name).read_text())["uid"] == "pipemeter-overview"


# --- the images ------------------------------------------------------------------------------------------------------


PACKAGES = ("pipeline", "monitoring", "exporter", "pipemeter")


def shipped() -> set[str]:
    """What setup.py puts into the wheel beside the packages."""
    [found] = [
        ast.literal_eval(node.value)
        for node in ast.parse((ROOT / "setup.py").read_text()).body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "SHIPPED"
    ]
    return set(found)


def lock(name: str) -> dict[str, set[str]]:
    """The versions of every package in a file of pins (several where they depend on the Python)."""
    found: dict[str, set[str]] = {}
    for line in (ROOT / "docker" / name).read_text().splitlines():
        if not line.startswith("#"):
            pin = Requirement(line)
            [specifier] = pin.specifier
            assert specifier.operator == "=="
            found.setdefault(pin.name, set()).add(specifier.version)
    return found


@pytest.mark.parametrize("name", ["exporter.txt", "transcription.txt"])
def test_the_pins_fulfil_what_the_package_asks_for(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = list(project["project"]["dependencies"])
    if name == "transcription.txt":
        wanted += project["project"]["optional-dependencies"]["pipeline"]
    pinned = lock(name)
    for requirement in map(Requirement, wanted):
        versions = pinned[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in versions), "run `make lock`"


def test_both_images_hold_the_same_versions() -> None:
    assert lock("exporter.txt").items() <= lock("transcription.txt").items()


@pytest.mark.parametrize("name", ["exporter.txt", "transcription.txt"])
def test_the_pins_name_no_registry(name: str) -> None:
    assert "://" not in (ROOT / "docker" / name).read_text()


def test_the_exporter_holds_nothing_of_the_stages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    stages = {
        canonicalize_name(Requirement(line).name) for line in project["project"]["optional-dependencies"]["pipeline"]
    }
    assert not (stages - {"httpcore"}) & lock("exporter.txt").keys()  # httpx stands on httpcore


def test_the_image_is_told_to_stop_directly_and_says_whether_it_is_well() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.search(r'^ENTRYPOINT \["pipemeter"\]$', dockerfile, re.M)
    assert re.search(r'^CMD \["serve", ', dockerfile, re.M)
    assert "HEALTHCHECK" in dockerfile


def test_the_image_is_built_of_what_git_keeps_for_the_wheel_and_nothing_else() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert let_in == {*shipped(), "LICENSE", "README.md", "pyproject.toml", "setup.py", *PACKAGES}
    assert re.search(r"^COPY \. \./$", (ROOT / "Dockerfile").read_text(), re.M)
    for line in re.findall(r"^COPY (?!--from)(?!\. )(.+)$", (ROOT / "Dockerfile").read_text(), re.M):
        for source in line.split()[:-1]:
            assert source.split("/")[0] in let_in
            assert (ROOT / source).exists()


def test_the_source_distribution_holds_what_the_wheel_is_made_of() -> None:
    lines = [line.split() for line in (ROOT / "MANIFEST.in").read_text().splitlines() if not line.startswith("#")]
    named = {name for verb, *names in lines if verb in ("include", "graft") for name in names}
    assert shipped() <= named
