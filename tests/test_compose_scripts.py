"""The scripts that containers and `make up` run, with a real shell and a real exporter, without Docker."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from exporter.app import create_app
from exporter.server.running import BackgroundServer
from exporter.settings import ExporterSettings

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder for PATH: `python` and `pipemeter` as the image has them."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    (folder / "pipemeter").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pipemeter "$@"\n')
    (folder / "pipemeter").chmod(0o755)
    return folder


@pytest.fixture
def script(programs: Path, tmp_path: Path) -> Run:
    """Run a script of docker/ to its end, with nothing in the environment but what is given."""

    def run(name: str, *arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [DOCKER / name, *arguments],
            env={"PATH": f"{programs}:{os.environ['PATH']}", **environ},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


# --- the password of Grafana -----------------------------------------------------------------------------------------


def test_a_password_is_generated_once_and_only_its_owner_may_read_it(script: Run, tmp_path: Path) -> None:
    file = tmp_path / "admin_password"
    assert script("grafana-setup", file).returncode == 0
    password = file.read_text()
    assert re.fullmatch(r"[\w-]{24}", password)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (tmp_path / "admin_password.generated").exists()
    done = script("grafana-setup", file)
    assert (done.returncode, file.read_text()) == (0, password)
    assert password not in done.stdout + done.stderr


def test_a_password_that_was_chosen_is_taken_as_it_is(script: Run, tmp_path: Path) -> None:
    file = tmp_path / "admin_password"
    assert script("grafana-setup", file, GRAFANA_ADMIN_PASSWORD="tell $me 'not' %s").returncode == 0
    assert file.read_text() == "tell $me 'not' %s"
    assert not (tmp_path / "admin_password.generated").exists()


def test_a_password_that_came_too_late_is_not_passed_over_in_silence(script: Run, tmp_path: Path) -> None:
    file = tmp_path / "admin_password"
    script("grafana-setup", file)
    first = file.read_text()
    done = script("grafana-setup", file, GRAFANA_ADMIN_PASSWORD="another-one-31")
    assert (done.returncode, file.read_text()) == (0, first)
    assert "keeps the password of its first start" in done.stdout
    assert "another-one-31" not in done.stdout


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"GRAFANA_ADMIN_PASSWORD": "admin"}, "GRAFANA_ADMIN_PASSWORD is shorter than 8 characters"),
        ({"GRAFANA_ANONYMOUS": "true", "BIND_ADDRESS": "0.0.0.0"}, "BIND_ADDRESS=0.0.0.0 lets others in"),
        ({"GRAFANA_ANONYMOUS": "maybe"}, "GRAFANA_ANONYMOUS is 'maybe', expected true or false"),
    ],
)
def test_what_would_leave_the_door_open_is_refused(
    script: Run, tmp_path: Path, environ: dict[str, str], said: str
) -> None:
    done = script("grafana-setup", tmp_path / "admin_password", **environ)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "admin_password").exists()


def test_viewers_need_no_login_on_this_machine_when_somebody_says_so(script: Run, tmp_path: Path) -> None:
    assert script("grafana-setup", tmp_path / "p", GRAFANA_ANONYMOUS="true", BIND_ADDRESS="127.0.0.1").returncode == 0


# --- the demo producer -----------------------------------------------------------------------------------------------


@pytest.fixture
def exporter() -> Iterator[BackgroundServer]:
    with BackgroundServer(create_app(settings=ExporterSettings(), environ={}), port=0) as server:
        yield server


@pytest.mark.parametrize("word", ["off", "false"])
def test_a_demo_that_is_off_ends_well(script: Run, word: str) -> None:
    done = script("demo", DEMO=word)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_demo_that_is_neither_on_nor_off_is_refused(script: Run) -> None:
    done = script("demo", DEMO="perhaps")
    assert (done.returncode, done.stderr) == (2, "demo: DEMO is 'perhaps', expected on or off\n")


class Demo:
    """The demo producer at work in a folder of its own."""

    def __init__(self, folder: Path, programs: Path, url: str) -> None:
        self.url = url
        self.process = subprocess.Popen(
            [DOCKER / "demo"],
            cwd=folder,
            env={
                **os.environ,
                "PATH": f"{programs}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT),
                "DEMO_RATE": "40",
                "ENABLE_DASHBOARD_METRICS": "1",
                "DASHBOARD_API_URL": url,
                "MONITORING_HOME": str(folder / "state"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def counted(self, configuration: str = "") -> float:
        """How many finished items the exporter has counted, of some configurations."""
        lines = httpx.get(f"{self.url}/metrics", timeout=30).text.splitlines()
        rows = [line for line in lines if line.startswith("pipeline_items_total{") and configuration in line]
        return sum(float(row.rsplit(" ", 1)[1]) for row in rows)

    def wait_for(self, condition: Callable[[], bool], seconds: float = 90) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < until
            time.sleep(0.05)

    def stop(self) -> tuple[int, str, str]:
        """Ask it to end, as `docker compose down` does."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def demo(programs: Path, tmp_path: Path, exporter: BackgroundServer) -> Iterator[Demo]:
    folder = tmp_path / "app"
    (folder / "samples").mkdir(parents=True)
    for name in ("news/council-budget.txt", "poor/word-salad.txt", "broken/empty.txt"):
        shutil.copy(ROOT / "samples" / name, folder / "samples")
    running = Demo(folder, programs, exporter.url)
    yield running
    running.process.kill()
    running.process.communicate()


def test_the_demo_works_through_the_samples_then_simulates_and_delivers_all_when_told_to_stop(demo: Demo) -> None:
    demo.wait_for(lambda: demo.counted('config_version="aggressive"') > 3)
    code, out, err = demo.stop()
    assert code == 0
    assert [line.count('"source"') for line in out.splitlines()[:3]] == [1, 1, 1]
    sent, failed, events, delivered = map(
        int,
        re.search(
            r"(\d+) items \((\d+) failed\), (\d+) events to \S+\s(\d+) delivered, 0 dropped, 0 waiting", out
        ).groups(),  # type: ignore[union-attr]
    )
    assert events == delivered
    assert demo.counted() == 2 + sent - failed  # the third sample is broken
    assert "Traceback" not in err


def test_the_demo_can_be_stopped_while_it_works_through_the_samples(demo: Demo) -> None:
    demo.wait_for(lambda: "pipeline_config_info{" in httpx.get(f"{demo.url}/metrics").text)
    code, out, err = demo.stop()
    assert code == 0
    assert "items (" not in out  # it did not go on to simulate
    assert "Traceback" not in err


# --- make up ---------------------------------------------------------------------------------------------------------


def only(folder: Path, *names: str) -> str:
    """A PATH with these programs and no others."""
    folder.mkdir()
    for name in ("sh", *names):
        (folder / name).symlink_to(shutil.which(name) or name)
    return str(folder)


def test_a_machine_without_docker_is_told_so(tmp_path: Path) -> None:
    path = only(tmp_path / "bare", "dirname")
    done = subprocess.run([DOCKER / "compose", "up"], env={"PATH": path}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("pipemeter: Docker is needed and was not found")


def test_a_docker_that_does_not_answer_is_told_with_its_own_reason(tmp_path: Path) -> None:
    path = only(tmp_path / "bare", "dirname", "grep", "tail")
    docker = tmp_path / "bare/docker"
    docker.write_text(
        '#!/bin/sh\n[ "$1" = compose ] && exit 0\necho "Cannot connect to the Docker daemon." >&2\nexit 1\n'
    )
    docker.chmod(0o755)
    done = subprocess.run([DOCKER / "compose", "up"], env={"PATH": path}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "pipemeter: Docker does not answer; start it, or see whether you may use it. It says: Cannot connect to the Docker daemon.\n"
    )


def test_a_docker_without_compose_is_told_which_package_is_missing(tmp_path: Path) -> None:
    path = only(tmp_path / "bare", "dirname")
    docker = tmp_path / "bare/docker"
    docker.write_text("#!/bin/sh\nexit 1\n")
    docker.chmod(0o755)
    done = subprocess.run([DOCKER / "compose", "up"], env={"PATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "docker-compose-plugin" in done.stderr
