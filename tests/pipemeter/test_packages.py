"""An installation without the stages' packages, as in the exporter's image: what works, and what is said of the rest."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipemeter.packages import missing, required
from tests.pipemeter.conftest import REPOSITORY, Pipemeter

BLOCK = """
import importlib.abc, importlib.metadata as metadata, re, sys

ALLOWED = {allowed!r}
_ours = {{"pipemeter"}}

def _name(text):
    return re.sub(r"[-_.]+", "-", text).lower()

_blocked = {{
    module
    for module, names in metadata.packages_distributions().items()
    if not any(_name(name) in ALLOWED | _ours for name in names)
}}

class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in _blocked:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

_from_name = metadata.Distribution.from_name.__func__

def from_name(cls, name):
    if _name(name) not in ALLOWED | _ours:
        raise metadata.PackageNotFoundError(name)
    return _from_name(cls, name)

metadata.Distribution.from_name = classmethod(from_name)
sys.meta_path.insert(0, Block())
"""


@pytest.fixture
def pipemeter(process: Pipemeter) -> Pipemeter:
    """Commands, each in a Python of its own: what is imported here already would not be missing."""
    return process


@pytest.fixture
def exporter_only(tmp_path: Path) -> dict[str, str]:
    """The environment of a Python that has what docker/exporter.txt lists, and nothing more."""
    lines = (REPOSITORY / "docker/exporter.txt").read_text().splitlines()
    allowed = {re.split(r"==", line)[0] for line in lines if not line.startswith("#")}
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(BLOCK.format(allowed=allowed))
    return {"PYTHONPATH": f"{folder}:{REPOSITORY}"}


def test_a_missing_package_is_named() -> None:
    assert missing(["click", "no-such-package-31"]) == ["no-such-package-31"]


def test_what_the_package_needs_is_read_from_its_own_description() -> None:
    assert {"faster-whisper", "yt-dlp", "starlette", "uvicorn"} <= set(required())
    assert "qdrant-client" not in required()  # only with the extra


@pytest.mark.parametrize("verb", ["run", "explain"])
def test_the_stages_are_refused_in_one_sentence(pipemeter: Pipemeter, exporter_only: dict[str, str], verb: str) -> None:
    done = pipemeter(verb, "talk.mp3", **exporter_only)
    assert done.code == 1
    [line] = done.err.splitlines()
    assert line.startswith(f"pipemeter: {verb} needs packages that are not installed (")
    assert "faster-whisper" in line
    assert "pip install pipemeter" in line
    assert "click" not in line.partition(")")[0].split("(")[1].split(", ")


def test_the_doctor_says_what_is_missing_and_how_to_get_it(pipemeter: Pipemeter, exporter_only: dict[str, str]) -> None:
    done = pipemeter("doctor", "--json", **exporter_only)
    findings = {finding["check"]: finding for finding in json.loads(done.out)["findings"]}
    assert done.code == 1
    assert (findings["starlette"]["state"], findings["faster-whisper"]["state"]) == ("ok", "failed")
    for name in ("faster-whisper", "speech weights", "embedding weights"):
        assert "not installed" in findings[name]["detail"]
        assert "`pip install pipemeter`" in findings[name]["mend"]


def test_the_configuration_of_alertmanager_is_rendered_without_them(
    pipemeter: Pipemeter, exporter_only: dict[str, str], tmp_path: Path
) -> None:
    done = pipemeter("alertmanager", "render", "--out", tmp_path / "out", **exporter_only)
    assert done.code == 0, done.err
    assert (tmp_path / "out/alertmanager.yml").is_file()


def test_the_exporter_serves_without_them(pipemeter: Pipemeter, exporter_only: dict[str, str], tmp_path: Path) -> None:
    """Serving is asked of a port that cannot be had: all of it is loaded by then."""
    done = pipemeter("serve", "--host", "256.1.1.1", "--no-journal", **exporter_only)
    assert done.code == 1
    assert done.err.startswith("pipemeter: cannot listen on 256.1.1.1")


def test_traffic_is_simulated_without_them(
    pipemeter: Pipemeter, exporter_only: dict[str, str], exporter: object
) -> None:
    done = pipemeter("simulate", "--url", exporter.url, "--seconds", "0.2", "--json", **exporter_only)  # type: ignore[attr-defined]
    assert done.code == 0, done.err
    assert json.loads(done.out)["dropped"] == 0


def test_a_command_that_meets_a_missing_package_unprepared_still_says_so_in_one_sentence(
    pipemeter: Pipemeter, exporter_only: dict[str, str]
) -> None:
    done = pipemeter("compile", **exporter_only)
    assert done.code == 1
    assert done.err.startswith("pipemeter: this needs `promql_parser`, which is not installed;")
