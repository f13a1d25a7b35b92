"""`pip install 'pipemeter[pipeline]'` with an old pip: every stage works. One installation of 800 MB, used once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.installed import ROOT, Environment, build_wheel, oldest_pip

NAMES = ("news/flood-barrier.html", "news/election-count.vtt", "news/rail-works.wav")


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("stages")
    made = Environment(folder / "venv", oldest_pip())
    made.install("--no-compile", f"pipemeter[pipeline] @ {build_wheel(folder / 'wheel').as_uri()}")
    return made


def test_the_doctor_has_tried_every_stage_and_found_it_well(stages: Environment, tmp_path: Path) -> None:
    done = stages.pipemeter("doctor", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    states = {finding["check"]: finding["state"] for finding in json.loads(done.stdout)["findings"]}
    assert {states[stage] for stage in ("download", "transcription", "assessment", "analysis", "memory")} == {"ok"}


def test_a_page_captions_and_a_recording_are_processed(stages: Environment, tmp_path: Path) -> None:
    for name in NAMES:
        shutil.copy(ROOT / "samples" / name, tmp_path / Path(name).name)
    done = stages.pipemeter("run", *(Path(name).name for name in NAMES), "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(outcomes) == 3
    assert not any(outcome["error"] for outcome in outcomes)


def test_a_page_is_explained_as_the_article_that_it_is(stages: Environment, tmp_path: Path) -> None:
    shutil.copy(ROOT / "samples" / NAMES[0], tmp_path / "page.html")
    done = stages.pipemeter("explain", "page.html", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert "error" not in answer
    assert answer["facts"]["transcript_words"] > 100
