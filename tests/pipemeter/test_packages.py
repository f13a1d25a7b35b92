"""An installation without the stages, as in the exporter's image: what works, and what is said of the rest."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipemeter.packages import missing, needed_module, required
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

WITHOUT = """
import importlib.abc, importlib.metadata as metadata, sys

class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {module!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

_from_name = metadata.Distribution.from_name.__func__

def from_name(cls, name):
    if name == {package!r}:
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


def test_what_an_extra_needs_is_read_from_the_packages_own_description() -> None:
    assert {"faster-whisper", "yt-dlp", "lxml-html-clean"} <= set(required("pipeline"))
    assert "starlette" not in required("pipeline")  # the core has it
    assert required("qdrant") == ["qdrant-client"]
    assert required("distributed") == []


@pytest.mark.parametrize(
    ("module", "bringing"),
    [("trafilatura.utils", "pip install 'pipemeter[pipeline]'"), ("qdrant_client", "pip install 'pipemeter[qdrant]'"),
     ("starlette", "pip install --force-reinstall pipemeter")],
)  # fmt: skip
def test_a_module_that_is_not_there_is_told_with_what_brings_it(module: str, bringing: str) -> None:
    assert f"`{module}`" in needed_module(module)
    assert bringing in needed_module(module)


@pytest.mark.parametrize("verb", ["run", "explain"])
def test_the_stages_are_refused_in_one_sentence(pipemeter: Pipemeter, exporter_only: dict[str, str], verb: str) -> None:
    done = pipemeter(verb, "talk.mp3", **exporter_only)
    assert done.code == 1
    [line] = done.err.splitlines()
    assert line.startswith(f"pipemeter: {verb} needs packages that are not installed (yt-dlp, ")
    assert "pip install 'pipemeter[pipeline]'" in line


def test_the_doctor_says_that_the_stages_are_off_and_how_to_get_them(
    pipemeter: Pipemeter, exporter_only: dict[str, str]
) -> None:
    done = pipemeter("doctor", "--json", **exporter_only)
    findings = {finding["check"]: finding for finding in json.loads(done.out)["findings"]}
    assert done.code == 0, done.out
    assert (findings["starlette"]["state"], findings["stages"]["state"]) == ("ok", "off")
    assert "pip install 'pipemeter[pipeline]'" in findings["stages"]["mend"]
    assert "transcription" not in findings


@pytest.mark.parametrize(
    ("package", "module", "stages"),
    [("lxml-html-clean", "lxml_html_clean", ["download"]), ("yake", "yake", ["analysis"]),
     ("py3langid", "py3langid", ["transcription"])],
)  # fmt: skip
def test_the_doctor_names_a_missing_package_and_the_stages_that_fail_without_it(
    pipemeter: Pipemeter, tmp_path: Path, package: str, module: str, stages: list[str]
) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WITHOUT.format(package=package, module=module))
    done = pipemeter("doctor", "--json", PYTHONPATH=f"{folder}:{REPOSITORY}")
    failed = {f["check"]: f for f in json.loads(done.out)["findings"] if f["state"] == "failed"}
    assert done.code == 1
    assert sorted(failed) == sorted([package, *stages])
    assert all("pip install 'pipemeter[pipeline]'" in finding["mend"] for finding in failed.values())


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
