"""`compile` as a user has it, into a folder of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipemeter.conftest import REPOSITORY, Pipemeter


@pytest.fixture
def out(pipemeter: Pipemeter, tmp_path: Path) -> Path:
    assert pipemeter("compile", "--out", "out").code == 0
    return tmp_path / "out"


def files_in(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_is_committed_is_what_the_built_in_targets_give(out: Path) -> None:
    found = files_in(out)
    assert len(found) > 50
    assert {path.split("/")[0] for path in found} == {"prometheus", "alert_rules", "alertmanager", "docs", "grafana"}
    assert not [path for path, text in found.items() if (REPOSITORY / path).read_text() != text]


def test_a_second_time_nothing_changes(pipemeter: Pipemeter, out: Path) -> None:
    done = pipemeter("compile", "--out", "out")
    assert "0 new, 0 changed, 0 removed" in done.out
    checked = pipemeter("compile", "--out", "out", "--check")
    assert (checked.code, checked.err) == (0, "everything is as compiled\n")


def test_checking_finds_what_is_edited_missing_left_over_and_foreign_and_writes_nothing(
    pipemeter: Pipemeter, out: Path
) -> None:
    (out / "docs/reference/facts.md").write_text("by hand")
    (out / "docs/runbooks/PipelineDown.md").unlink()
    (out / "alert_rules/old.yaml").write_text((out / "alert_rules/exporter.yaml").read_text())
    (out / "alert_rules/mine.yaml").write_text("groups: []\n")
    before = files_in(out)
    done = pipemeter("compile", "--out", "out", "--check")
    assert done.code == 1
    assert "out/docs/reference/facts.md: not what is compiled" in done.err
    assert "out/docs/runbooks/PipelineDown.md: missing" in done.err
    assert "out/alert_rules/old.yaml: left over" in done.err
    assert "out/alert_rules/mine.yaml: not compiled, in a folder of compiled files; move it elsewhere" in done.err
    assert "run `pipemeter compile` to mend the rest" in done.err
    assert files_in(out) == before


def test_writing_mends_all_but_what_is_somebody_elses(pipemeter: Pipemeter, out: Path) -> None:
    (out / "docs/reference/facts.md").write_text("by hand")
    (out / "alert_rules/old.yaml").write_text((out / "alert_rules/exporter.yaml").read_text())
    (out / "alert_rules/mine.yaml").write_text("groups: []\n")
    done = pipemeter("compile", "--out", "out", "--json")
    changes = {change["path"]: change["state"] for change in json.loads(done.out)["changes"]}
    assert changes == {
        "docs/reference/facts.md": "edited",
        "alert_rules/old.yaml": "left over",
        "alert_rules/mine.yaml": "foreign",
    }
    assert (out / "alert_rules/mine.yaml").exists()
    assert not (out / "alert_rules/old.yaml").exists()


def test_targets_of_ones_own_reach_rules_runbooks_and_reference(pipemeter: Pipemeter, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "overall_metrics:\n  bypass_rate: {target: 0.3, warning_low: 0.23, critical_low: 0.2}\n"
    )
    assert pipemeter("compile", "--config", "mine.yaml", "--out", "out").code == 0
    found = files_in(tmp_path / "out")
    for path in ("alert_rules/pipeline.yaml", "docs/runbooks/PipelineBypassRateLow.md", "docs/reference/alerts.md"):
        assert "< 0.23" in found[path], path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--prometheus", "2.41"), "--prometheus"),
        (("--prometheus", "latest"), "--prometheus"),
        (("--target", "graphite"), "--target"),
        (("--target", "operator", "--namespace", "No Such"), "--namespace"),
        (("--config", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_what_is_asked_wrongly_is_said_and_nothing_is_written(
    pipemeter: Pipemeter, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = pipemeter("compile", *arguments, "--out", "out")
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "out").exists()


def test_other_targets_have_folders_of_their_own(pipemeter: Pipemeter, tmp_path: Path) -> None:
    for target in ("operator", "vmalert"):
        assert pipemeter("compile", "--target", target, "--out", "out").code == 0
    assert {path.split("/")[0] for path in files_in(tmp_path / "out")} == {"operator", "vmalert"}


def test_where_there_is_no_prometheus_yml_one_to_start_from_is_written_and_never_touched_again(
    pipemeter: Pipemeter, tmp_path: Path
) -> None:
    done = pipemeter("compile", "--out", "out")
    made = tmp_path / "out/prometheus/prometheus.yml"
    assert "to start from: yours from now on" in done.out
    assert made.read_bytes() == (REPOSITORY / "prometheus/prometheus.yml").read_bytes()
    assert (tmp_path / "out/prometheus/targets/pipeline.yaml").is_file()
    made.write_text("global: {scrape_interval: 30s}\n")
    (tmp_path / "out/prometheus/targets/pipeline.yaml").unlink()
    done = pipemeter("compile", "--out", "out")
    assert "to start from" not in done.out
    assert made.read_text() == "global: {scrape_interval: 30s}\n"
    assert not (tmp_path / "out/prometheus/targets/pipeline.yaml").exists()


def test_a_check_and_other_targets_write_no_prometheus_yml(pipemeter: Pipemeter, tmp_path: Path) -> None:
    assert pipemeter("compile", "--out", "out", "--check").code == 1
    pipemeter("compile", "--out", "out", "--target", "vmalert")
    assert not (tmp_path / "out/prometheus/prometheus.yml").exists()
