"""All compiled files at once, and how they come to stand in a folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from monitoring.alerts.alert import alerts_of
from monitoring.compile.output import Difference, compile_all, differences, write
from monitoring.targets.slos import Slo
from monitoring.targets.targets import Targets
from pipeline.errors import ConfigError, PipemeterError


def test_the_same_targets_give_the_same_bytes_and_no_date() -> None:
    once, twice = compile_all(Targets()), compile_all(Targets())
    assert once == twice
    assert not re.search(r"\b20\d\d-\d\d", "".join(once.files.values()).replace("2006-01-02", ""))


def test_every_alert_has_a_test_a_runbook_and_a_rule() -> None:
    files = compile_all(Targets()).files
    for alert in alerts_of(Targets()):
        assert f"docs/runbooks/{alert.name}.md" in files
        assert any(path.startswith(f"alert_rules/tests/{alert.name}") for path in files)
        assert f"alert: {alert.name}\n" in files[f"alert_rules/{alert.domain}.yaml"]


def test_groups_carry_no_interval_and_stand_in_files_that_say_where_they_come_from() -> None:
    files = compile_all(Targets()).files
    for path in (p for p in files if p.startswith(("alert_rules/", "prometheus/"))):
        assert files[path].startswith("# Compiled by `pipemeter compile` from config/monitoring.yaml. DO NOT EDIT.\n")
        assert not [g for g in yaml.safe_load(files[path]).get("groups", []) if "interval" in g]


def test_what_is_edited_missing_or_left_over_is_found_and_mended(tmp_path: Path) -> None:
    files = {"alert_rules/a.yaml": "# Compiled by `pipemeter compile`\n1\n", "prometheus/rules/b.yaml": "2\n"}
    assert [c.state for c in write(files, tmp_path)] == ["missing", "missing"]
    assert not differences(files, tmp_path)
    (tmp_path / "alert_rules/a.yaml").write_text("edited")
    (tmp_path / "prometheus/rules/b.yaml").unlink()
    (tmp_path / "alert_rules/old.yaml").write_text("# Compiled by `pipemeter compile` from x\n")
    (tmp_path / "alert_rules/mine.yaml").write_text("groups: []\n")
    (tmp_path / "alertmanager").mkdir()
    (tmp_path / "alertmanager/of-others.yml").write_text("not in a folder that is filled")
    assert differences(files, tmp_path) == [
        Difference("alert_rules/a.yaml", "edited"),
        Difference("prometheus/rules/b.yaml", "missing"),
        Difference("alert_rules/mine.yaml", "foreign"),
        Difference("alert_rules/old.yaml", "left over"),
    ]
    write(files, tmp_path)
    assert differences(files, tmp_path) == [Difference("alert_rules/mine.yaml", "foreign")]
    assert sorted(path.name for path in (tmp_path / "alert_rules").iterdir()) == ["a.yaml", "mine.yaml"]


@pytest.mark.parametrize("path", ["grafana/../../x.json", "../x.yaml", "/etc/x.yaml"])
def test_nothing_is_written_when_a_path_leads_out_of_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(PipemeterError, match="leads out of"):
        write({"alert_rules/a.yaml": "1\n", path: "2\n"}, tmp_path / "compiled")
    assert list(tmp_path.iterdir()) == []


def test_a_prometheus_too_old_for_the_rules_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match=r"2\.41: expected 2\.42 or newer, because rules may need keep_firing_for"):
        compile_all(Targets(), prometheus=(2, 41))


def test_a_derived_burn_rate_and_a_waiting_section_are_said() -> None:
    targets = Targets(slos=(Slo("low", "error_rate", 0.85),), waiting=("cache_metrics.hit_rate",))
    notes = "\n".join(compile_all(targets).notes)
    assert (
        "slos.low: with an objective of 0.85 a burn rate of 14.4 needs 216% bad events; burn rates derived: fast 6,"
        in notes
    )
    assert "cache_metrics.hit_rate: no effect yet" in notes
    assert "slos: a list counts as a whole, and the built-in objective availability is not in it" in notes


def test_nothing_is_noted_of_the_built_in_objectives() -> None:
    assert compile_all(Targets()).notes == ()
