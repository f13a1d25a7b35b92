from __future__ import annotations

from pathlib import Path

from tests.pipemeter.conftest import REPOSITORY, Pipemeter


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
