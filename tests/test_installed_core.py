"""`pip install pipemeter` as a user has it: the built wheel, an old pip, an empty environment, another folder."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import Parser
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from packaging.utils import canonicalize_name
from prometheus_client.parser import text_string_to_metric_families

from pipemeter.cli import _VERBS
from tests.installed import ROOT, Environment, build_wheel, environment, oldest_pip, pythons
from tests.test_compose import lock, needs_promtool

MEBIBYTE = 1024 * 1024
INSTALLER = ("pip", "setuptools", "pkg_resources", "_distutils_hack")  # what an empty environment begins with
EVERY_HELP = """
import sys
from click.testing import CliRunner
from pipemeter.cli import cli
for verb in sys.argv[1:]:
    done = CliRunner().invoke(cli, [verb, "--help"])
    assert done.exit_code == 0 and done.output.startswith("Usage: "), (verb, done.output, done.exception)
"""
RECORD = """
import asyncio
from pipeline import PushRecorder, record_pipeline_metrics
with PushRecorder({url!r}) as recorder:
    with recorder.item(content_type="news") as item:
        with item.stage("download"):
            pass
        assert item.checkpoint("post_download", duration_seconds=5).exit
asyncio.run(record_pipeline_metrics("full", content_type="education", processing_time=35.2))
"""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def core(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    made = Environment(tmp_path_factory.mktemp("core") / "venv", oldest_pip())
    made.install(wheel)
    return made


@contextmanager
def served(core: Environment, folder: Path) -> Iterator[str]:
    """An exporter in a folder of its own; gives its address."""
    command = [str(core.folder / "bin" / "pipemeter"), "serve", "--port", "0"]
    process = subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True)
    assert process.stderr
    try:
        line = process.stderr.readline()
        found = re.match(r"Serving (http://\S+)", line)
        assert found, line + process.stderr.read()
        yield found[1]
    finally:
        process.terminate()
        process.communicate(timeout=30)


def metadata(wheel: Path) -> Any:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


# --- what is in it ---------------------------------------------------------------------------------------------------


def test_the_wheel_has_the_extras_that_the_documents_name(wheel: Path) -> None:
    assert set(metadata(wheel).get_all("Provides-Extra")) == {"pipeline", "qdrant", "distributed", "clustering", "all"}


def test_the_wheel_holds_the_files_of_the_repository_as_git_has_them(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        prefix = "pipeline/default_files/"
        shipped = {
            name.removeprefix(prefix): archive.read(name) for name in archive.namelist() if name.startswith(prefix)
        }
    assert {"config/monitoring.yaml", "docs/runbooks/README.md", "grafana/dashboards/overview.json"} <= set(shipped)
    assert all((ROOT / name).read_bytes() == data for name, data in shipped.items())
    tracked = subprocess.run(["git", "ls-files", *{name.split("/")[0] for name in shipped}], cwd=ROOT, capture_output=True,
                             text=True, check=True).stdout.split()  # fmt: skip
    folders = ("config/", "prometheus/", "alert_rules/", "alertmanager/", "grafana/", "docs/runbooks/", "docker/")
    assert {name for name in tracked if name.startswith(folders)} <= set(shipped)


def test_the_core_is_what_the_exporters_image_holds_and_is_small(core: Environment) -> None:
    installed = {canonicalize_name(path.name.split("-")[0]) for path in core.site_packages.glob("*.dist-info")}
    assert installed - {"pip", "setuptools", "pipemeter"} <= lock("exporter.txt").keys()
    assert {"starlette", "numpy", "common-expression-language"} <= installed
    files = [path for path in core.site_packages.rglob("*") if path.is_file() and not path.is_symlink()]
    ours = [path for path in files if not path.relative_to(core.site_packages).parts[0].startswith(INSTALLER)]
    assert sum(path.stat().st_size for path in ours) < 160 * MEBIBYTE


# --- what it does, in a folder that is not the checkout --------------------------------------------------------------


def test_every_verb_says_how_it_is_used(core: Environment, tmp_path: Path) -> None:
    done = core.run("-c", EVERY_HELP, *_VERBS, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_items_are_recorded_served_and_scraped(core: Environment, tmp_path: Path) -> None:
    with served(core, tmp_path) as url:
        assert core.run("-c", RECORD.format(url=url), cwd=tmp_path, DASHBOARD_API_URL=url,
                        ENABLE_DASHBOARD_METRICS="1", ENABLE_EARLY_EXIT="1").returncode == 0  # fmt: skip
        text = httpx.get(f"{url}/metrics").text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples if sample.value]
    counted = {(sample.name, tuple(sample.labels.values())) for sample in samples}
    assert any(name == "pipeline_early_exits_total" and "too_short" in labels for name, labels in counted)
    assert any(name == "pipeline_items_total" and {"education", "full"} <= {*labels} for name, labels in counted)


def test_a_runbook_is_a_page_of_the_exporter(core: Environment, tmp_path: Path) -> None:
    with served(core, tmp_path) as url:
        for path in (ROOT / "docs/runbooks").glob("*.md"):
            page = httpx.get(f"{url}/runbooks/{path.stem}", headers={"Accept": "text/html"})
            assert page.status_code == 200, path.stem
            assert "<h1>" in page.text


def test_it_compiles_what_the_repository_holds(core: Environment, tmp_path: Path) -> None:
    done = core.pipemeter("compile", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file() and "state" not in path.parts]
    assert {"grafana", "alert_rules", "prometheus", "alertmanager", "docs"} == {path.parts[0] for path in made}
    assert all((tmp_path / path).read_bytes() == (ROOT / path).read_bytes() for path in made)
    assert core.pipemeter("compile", "--check", cwd=tmp_path).returncode == 0
    (tmp_path / "grafana/dashboards/overview.json").unlink()
    assert core.pipemeter("compile", "--check", cwd=tmp_path).returncode == 1


@pytest.mark.parametrize("verb", ["run", "explain"])
def test_a_verb_that_needs_the_stages_says_in_one_line_what_to_install(
    core: Environment, tmp_path: Path, verb: str
) -> None:
    done = core.pipemeter(verb, "talk.mp3", cwd=tmp_path)
    [line] = done.stderr.splitlines()
    assert done.returncode == 1
    assert line.startswith(f"pipemeter: {verb} needs packages that are not installed (")
    assert "`pip install 'pipemeter[pipeline]'`" in line


def test_the_doctor_finds_it_healthy_and_the_stages_off(core: Environment, tmp_path: Path) -> None:
    done = core.pipemeter("doctor", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert '"check":"stages","state":"off"' in done.stdout


# --- `pipemeter init` ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def begun(core: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("begun") / "monitoring"
    done = core.pipemeter("init", folder, cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_new_folder_is_as_it_is_compiled(core: Environment, begun: Path) -> None:
    assert core.pipemeter("compile", "--check", cwd=begun).returncode == 0


@needs_promtool
def test_prometheus_takes_a_new_folder(begun: Path) -> None:
    subprocess.run(["promtool", "check", "config", begun / "prometheus/prometheus.yml"], check=True)


def test_all_that_docker_needs_stands_in_a_new_folder(begun: Path) -> None:
    services = yaml.safe_load((begun / "docker-compose.yml").read_text())["services"]
    for service in services.values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (begun / source).exists(), source
    builds = [service["build"] for service in services.values() if "build" in service]
    assert [(build["context"], build["target"]) for build in builds] == [(".", "exporter")]
    let_in = [line[1:] for line in (begun / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for line in re.findall(r"^COPY (?!--from)(.+)$", (begun / "Dockerfile").read_text(), re.M):
        for source in line.split()[:-1]:
            assert (begun / source).exists()
            assert source.split("/")[0] in let_in


def test_the_image_is_built_of_the_same_pipemeter(wheel: Path, begun: Path) -> None:
    [again] = (begun / "wheels").iterdir()
    assert again.name == wheel.name
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        assert second.testzip() is None
        assert {name: first.read(name) for name in first.namelist() if not name.endswith("/RECORD")} == {
            name: second.read(name) for name in second.namelist() if not name.endswith("/RECORD")
        }
        assert [name for name in second.namelist() if name.endswith("RECORD")]


def test_the_wheel_made_again_is_one_that_pip_takes(core: Environment, begun: Path, tmp_path: Path) -> None:
    [again] = (begun / "wheels").iterdir()
    done = core.run("-m", "pip", "install", "-q", "--no-deps", "--target", tmp_path / "target", again, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "target/pipeline/default_files/docker/compose").stat().st_mode & 0o111


# --- other Pythons ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "python",
    [pytest.param(python, id=f"python{'.'.join(map(str, version))}-pip{'.'.join(map(str, pip))}")
     for version, pip, python in pythons() if python != oldest_pip()],
)  # fmt: skip
def test_the_other_pythons_of_this_machine_install_and_run_it_too(python: Path, wheel: Path, tmp_path: Path) -> None:
    made = Environment(tmp_path / "venv", python)
    made.install("--no-compile", wheel)
    done = made.pipemeter("doctor", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert made.pipemeter("compile", "--out", tmp_path / "out", cwd=tmp_path).returncode == 0
    shutil.rmtree(made.folder)
