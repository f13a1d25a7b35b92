"""`tune` as a user has it, over simulated weeks in a real Prometheus."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from bench.backfill import MISSING, running_victoria
from pipeline.configuration.config import load_config
from tests.pipemeter.conftest import REPOSITORY, Pipemeter
from tests.pipemeter.verbs.conftest import NEEDED, SPACINGS, TriedOut, answer, week


@NEEDED
@pytest.mark.parametrize("version", SPACINGS)
def test_tune_reads_the_same_world_at_any_scrape_spacing(
    pipemeter: Pipemeter, tried_out: TriedOut, version: str
) -> None:
    found = answer(pipemeter, "tune", "--target-bypass", "0.75", "--config-version", version,
                   "--window", tried_out.window(version), "--prometheus", tried_out.url)  # fmt: skip
    assert abs(found["items"] - 2970) < 90
    row = found["recommendations"][0]
    assert (row["threshold"], row["current"]) == ("min_overall", 0.65)
    assert 0.69 <= row["recommended"] <= 0.72
    assert row["expected_bypass_rate"][0] < 0.75 < row["expected_bypass_rate"][1]
    now = found["now"]["bypass_rate"]
    assert now[0] < 0.633 < now[1]  # 0.633 in 400,000 items
    assert now[1] - now[0] < 0.06
    (low,) = [one for one in found["alerts"] if one["alert"] == "PipelineQualityScoreLow"]
    assert [one["severity"] for one in low["firings"]] == ["critical", "warning"]
    for one in low["firings"]:
        assert 0 <= one["fewest"] <= one["expected"] <= one["most"]
        assert one["share_of_time_between"][0] <= one["expected_share_of_time"] <= one["share_of_time_between"][1]


@NEEDED
def test_the_file_that_tune_writes_is_a_configuration_that_gives_what_was_recommended(
    pipemeter: Pipemeter, prometheus: str, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "optimal_config.yaml"
    found = answer(pipemeter, "tune", "--by", "content_type", "--config-version", "strict", "--write", path,
                   "--prometheus", prometheus)  # fmt: skip
    assert found["confident"]
    written = load_config(path)
    recommended = {r["threshold"]: r["recommended"] for r in found["recommendations"]}
    assert written.thresholds.min_overall == recommended["min_overall"]
    for name, point in written.checkpoints.items():
        assert point.min_confidence == recommended[f"{name}_min_confidence"]
        assert point.conditions
    assert {m["content_type"]: m["recommended"] for m in found["modes"]} == {
        name: route.processing_mode for name, route in written.routing.types.items()
    }
    assert "# was 0.7: " in path.read_text()
    assert list(path.parent.iterdir()) == [path]
    explained = pipemeter("doctor", "--config", path, "--json")
    values = {v["key"]: v for v in json.loads(explained.out)["configuration"]}
    assert values["thresholds.min_overall"]["value"] == recommended["min_overall"]
    assert str(path) in values["thresholds.min_overall"]["origin"]


@NEEDED
def test_run_and_explain_take_the_file_and_decide_by_it(pipemeter: Pipemeter, prometheus: str, tmp_path: Path) -> None:
    """Its thresholds are compared with real scores; what the folder said otherwise is kept."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/pipeline.yaml").write_text("shadow_rate: 0.04\nshadow_seed: 7\nlabel_caps: {content_type: 33}\n")
    tuned = answer(pipemeter, "tune", "--target-bypass", "0.99", "--config-version", "strict", "--config", "mine",
                   "--write", "new.yaml", "--prometheus", prometheus)  # fmt: skip
    (least,) = [r["recommended"] for r in tuned["recommendations"] if r["threshold"] == "min_overall"]
    written = load_config(tmp_path / "new.yaml")
    assert (written.shadow_rate, written.shadow_seed, written.label_caps) == (0.04, 7, {"content_type": 33})
    sample, on = REPOSITORY / "samples/discussion/open-source-funding.srt", {"ENABLE_QUALITY_FILTERING": "1"}
    explained = pipemeter("explain", sample, "--config", "new.yaml", "--json", **on).lines()[0]
    run = pipemeter("run", sample, "--config", "new.yaml", "--json", **on).lines()[0]
    assert least > explained["quality"]["overall"]
    assert (explained["processing_type"], run["processing_type"]) == ("lightweight", "lightweight")
    assert pipemeter("explain", sample, "--json", **on).lines()[0]["processing_type"] == "full"


@NEEDED
def test_the_document_has_the_fields_that_scripts_rely_on(pipemeter: Pipemeter, prometheus: str) -> None:
    tuned = answer(pipemeter, "tune", "--config-version", "strict", "--prometheus", prometheus)
    for row in tuned["recommendations"]:
        for interval in (row["expected_bypass_rate"], row["expected_time_savings"]):
            low, high = interval
            assert -1 <= low <= high <= 1
        assert 0 < row["expected_quality"] < 1
        assert 0 <= row["recommended"] <= 1
        assert {"threshold", "current", "samples"} <= set(row)
    assert {row["threshold"] for row in tuned["recommendations"]} >= {"min_overall", "post_analysis_min_confidence"}


@NEEDED
def test_too_few_items_are_told_with_their_number(pipemeter: Pipemeter, prometheus: str, tmp_path: Path) -> None:
    few = answer(pipemeter, "tune", "--config-version", "few", "--prometheus", prometheus, "--write", "x.yaml")
    assert (few["confident"], few["recommendations"]) == (False, [])
    assert few["caveats"] == [f"not enough data: {few['items']} items under `few`, 100 are needed"]
    assert 20 < few["items"] < 55  # 37, give or take a scrape in each of many counters
    assert not (tmp_path / "x.yaml").exists()


@NEEDED
def test_people_get_tables(pipemeter: Pipemeter, prometheus: str) -> None:
    tuned = pipemeter("tune", "--config-version", "strict", "--by", "content_type", "--prometheus", prometheus)
    assert (tuned.code, tuned.err) == (0, "")
    wanted = ("Goal: ", "min_overall", "post_download_min_confidence", "expected", "Alerts over this history")
    assert all(word in tuned.out for word in wanted)


@NEEDED
def test_where_nothing_was_seen_that_is_said(pipemeter: Pipemeter, prometheus: str) -> None:
    nobody = answer(pipemeter, "tune", "--config-version", "nobody", "--prometheus", prometheus)
    assert (nobody["confident"], nobody["recommendations"]) == (False, [])
    assert nobody["caveats"] == ["not enough data: no items in the window, 100 are needed"]
    path = Path("optimal_config.yaml")
    said = pipemeter("tune", "--config-version", "nobody", "--write", path, "--prometheus", prometheus)
    assert said.code == 0
    assert "nothing written" in said.out


@pytest.mark.skipif(MISSING["victoria-metrics"], reason="victoria-metrics is not installed (nor is it in CI)")
def test_victoria_metrics_gives_the_same_answers(pipemeter: Pipemeter, tmp_path: Path) -> None:
    end = time.time() - 5
    with running_victoria(tmp_path, week(end)) as url:
        tuned = answer(pipemeter, "tune", "--config-version", "strict", "--prometheus", url)
        assert tuned["confident"]
        assert tuned["now"]["bypass_rate"][0] < 0.77 < tuned["now"]["bypass_rate"][1]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("tune", "--target-bypass", "0.5", "--profile", "balanced"), 2, "name one goal"),
        (("tune", "--target-bypass", "1.5"), 2, "1.5"),
        (("tune", "--target-bypass", "nan"), 2, "'nan': expected a number from 0 to 1"),
        (("tune", "--min-quality", "NaN"), 2, "'NaN': expected a number from 0 to 1"),
        (("tune", "--min-quality", "inf"), 2, "inf"),
        (("status", "--watch", "nan"), 2, "'nan': expected a number from 1 to 3600"),
        (("simulate", "--rate", "nan"), 2, "'nan': expected a number from 0.01 to 2000"),
        (("tune", "--window", "7 days"), 2, "expected a duration such as"),
        (("tune", "--window", "30s"), 2, "expected at least 1m"),
        (("tune", "--by", "language"), 2, "'language' is not"),
        (("tune", "--profile", "bold"), 2, "'bold' is not one of"),
        (("tune", "--targets", "nowhere.yaml"), 2, "nowhere.yaml"),
        (("tune", "--prometheus", "file:///etc/passwd"), 2, "has to begin with http:// or https://"),
        (("tune", "--prometheus", "http://user:secret@127.0.0.1:9"), 1, "Prometheus did not answer"),
        (("tune", "--config", "nowhere"), 2, "nowhere"),
    ],
)
def test_what_a_user_gets_wrong_is_one_sentence(
    pipemeter: Pipemeter, arguments: tuple[str, ...], code: int, told: str
) -> None:
    done = pipemeter(*arguments)
    assert done.code == code
    assert told in done.err
    assert "secret" not in done.err
