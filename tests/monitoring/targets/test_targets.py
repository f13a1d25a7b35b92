"""monitoring.yaml, read strictly: each bad file is one reason, named with file, line, key and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.domains.band import Bands
from monitoring.domains.catalogue import metrics
from monitoring.targets.targets import Targets, load_targets
from pipeline.errors import ConfigError

ROOT = Path(__file__).parents[3]


def load(tmp_path: Path, text: str) -> Targets:
    path = tmp_path / "monitoring.yaml"
    path.write_text(text)
    return load_targets(path)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_the_file_that_ships_says_what_is_built_in() -> None:
    assert load_targets(ROOT / "config/monitoring.yaml") == load_targets(None)


def test_every_number_of_the_file_that_ships_has_a_comment() -> None:
    lines = (ROOT / "config/monitoring.yaml").read_text().splitlines()
    bare = [line for line in lines if ":" in line and line.split("#")[0].strip()[-1:].isalnum() and "#" not in line]
    assert not [line for line in bare if line.strip().split(":")[1].strip()[:1].isdigit()]


def test_what_a_file_says_goes_over_what_is_built_in_and_the_rest_stays(tmp_path: Path) -> None:
    targets = load(tmp_path, "overall_metrics: {bypass_rate: {warning_low: 0.45, window: 2h, for: 0s, min_items: 7}}")
    assert targets.bands["bypass_rate"] == Bands(
        target=0.60, warning_low=0.45, critical_low=0.40, warning_high=0.80, window=7200, for_seconds=0, min_items=7
    )
    assert targets.bands["quality_score_avg"] == Bands(target=0.75, warning_low=0.70, critical_low=0.65)


def test_a_threshold_that_nothing_can_be_beyond_is_none(tmp_path: Path) -> None:
    targets = load(
        tmp_path,
        "overall_metrics:\n  quality_score_avg: {critical_low: 0}\n  bypass_rate: {warning_high: 0.97, critical_high: 1.0}\n",
    )
    assert targets.bands["quality_score_avg"].critical_low is None
    assert targets.bands["quality_score_avg"].warning_low == 0.7
    assert (targets.bands["bypass_rate"].warning_high, targets.bands["bypass_rate"].critical_high) == (0.97, None)


def test_null_takes_a_band_away(tmp_path: Path) -> None:
    targets = load(tmp_path, "overall_metrics: {bypass_rate: {critical_low: null, warning_low: 0.2, target: 0.3}}")
    assert targets.bands["bypass_rate"].critical_low is None


REFUSED = {
    "unknown section": ("overal_metrics: {}", "monitoring.yaml:1: overal_metrics: {}: expected a known section, `overall_metrics`"),
    "unknown metric": (
        "overall_metrics:\n  bypas_rate: {target: 0.6}",
        "monitoring.yaml:2: overall_metrics.bypas_rate: {'target': 0.6}: expected a known metric, `bypass_rate`",
    ),
    "unknown key": (
        "overall_metrics:\n  bypass_rate:\n    warnning_low: 0.5",
        "monitoring.yaml:3: overall_metrics.bypass_rate.warnning_low: 0.5: expected a known key, `warning_low`",
    ),
    "duplicate key": (
        "overall_metrics:\n  bypass_rate:\n    target: 0.6\n    target: 0.7",
        "monitoring.yaml:4: overall_metrics.bypass_rate.target: given twice: expected one value (first at line 3)",
    ),
    "critical above warning": (
        "overall_metrics:\n  quality_score_avg:\n    warning_low: 0.5\n    critical_low: 0.6",
        "monitoring.yaml:4: overall_metrics.quality_score_avg.critical_low: 0.6: expected at most 0.5 (warning_low)",
    ),
    "warning below the built-in critical": (
        "overall_metrics: {bypass_rate: {warning_low: 0.3}}",
        "warning_low: 0.3: expected at least 0.4 (critical_low, built in: write it too, or null for none)",
    ),
    "target outside its band": (
        "overall_metrics: {early_exit_share: {target: 0.7}}",
        "target: 0.7: expected at most 0.6 (warning_high, built in",
    ),
    "percent instead of a ratio": (
        "overall_metrics: {bypass_rate: {target: 60}}",
        "overall_metrics.bypass_rate.target: 60: expected a number from 0 to 1 (60 % is written 0.6)",
    ),
    "a number with a unit": ("overall_metrics: {bypass_rate: {target: 60%}}", "without a unit (60 % is written 0.6)"),
    "a side that a metric has not": (
        "overall_metrics: {quality_score_avg: {warning_high: 0.9}}",
        "quality_score_avg is only judged by warning_low and critical_low",
    ),
    "a window without a unit": ("overall_metrics: {bypass_rate: {window: 60}}", "window: 60: expected a duration such as 5m"),
    "a for of another unit": ("overall_metrics: {bypass_rate: {for: 10 min}}", "for: '10 min': expected a duration such as 5m"),
    "a window too short": ("overall_metrics: {bypass_rate: {window: 30s}}", "window: '30s': expected a duration such as 5m, 1h, 1h30m or 7d, from 1m"),
    "a quantile at the last edge": (
        "overall_metrics: {item_duration_p95_seconds: {warning_high: 3600}}",
        "warning_high: 3600: expected a bucket edge of pipeline_item_duration_seconds; the nearest is 1800 (a quantile never",
    ),
    "a cooldown that Alertmanager forgets": (
        "overall_metrics: {bypass_rate: {cooldown_minutes: 7201}}",
        "cooldown_minutes: 7201: expected a whole number of minutes from 1 to 7200, without a unit",
    ),
    "an unknown key in a section that waits": ("model_metrics: {degradatoin: {}}", "model_metrics.degradatoin: {}: expected a known key, `degradation`"),
    "an override's window longer than the retention": (
        "prometheus: {retention: 30d}\noverrides: {content_type: {news: {bypass_rate: {warning_low: 0.3, window: 31d}}}}",
        "prometheus.retention: '30d': expected at least 31d, because overrides.content_type.news.bypass_rate.window looks",
    ),
    "a webhook's address in the wrong place": (
        "links: {slack: 'https://hooks.slack.com/services/T0/B0/sesame'}",
        "links.slack: 'https://hooks.slack.com/...': expected a known key",
    ),
    "half an item": ("overall_metrics: {bypass_rate: {min_items: 1.5}}", "min_items: 1.5: expected a whole number of items"),
    "enabled in words": ("overall_metrics: {bypass_rate: {enabled: maybe}}", "enabled: 'maybe': expected true or false"),
    "a quantile between edges": (
        "overall_metrics: {item_duration_p95_seconds: {warning_high: 90}}",
        "warning_high: 90: expected a bucket edge of pipeline_item_duration_seconds; the nearest is 60",
    ),
    "a list": ("overall_metrics: [1]", "monitoring.yaml:1: overall_metrics: [1]: expected a mapping of keys to values"),
    "another split": ("overrides: {stage: {}}", "overrides.stage: {}: expected a known split, one of: content_type"),
    "an unknown content type": ("overrides: {content_type: {newz: {}}}", "overrides.content_type.newz: {}: expected a content type, `news`"),
    "a metric that types have not": (
        "overrides: {content_type: {news: {availability: {}}}}",
        "news.availability: {}: expected a metric that content types have",
    ),
    "an objective in percent": (
        "slos: [{name: a, signal: error_rate, objective: 99}]",
        "slos[0].objective: 99: expected a number between 0 and 1 such as 0.99 (99 % is written 0.99)",
    ),
    "an objective without a signal": ("slos: [{name: a, objective: 0.9}]", "expected the key `signal`"),
    "an unknown signal": ("slos: [{name: a, signal: eror_rate, objective: 0.9}]", "a signal with a good direction, `error_rate`"),
    "a signal without a good direction": ("slos: [{name: a, signal: bypass_rate, objective: 0.9}]", "a signal with a good direction"),
    "an objective nothing can burn": (
        "slos: [{name: a, signal: error_rate, objective: 0.1}]",
        "objective: 0.1: expected an objective above 0.1: with 0.1 no burn rate above 1 is possible",
    ),
    "two objectives of one name": (
        "slos: [{name: a, signal: error_rate, objective: 0.9}, {name: a, signal: error_rate, objective: 0.8}]",
        "there is another objective 'a'",
    ),
    "a window shorter than the longest tier": ("slos: [{name: a, signal: error_rate, objective: 0.9, window: 1d}]", "from 3d"),
    "more scrapes than an hour has": (
        "slos: [{name: a, signal: availability, objective: 0.9, min_items: 61}]",
        "slos[0].min_items: 61: expected 60 scrapes at most, what 1h holds at one a minute",
    ),
    "retention shorter than a window": (
        "prometheus: {retention: 15d}",
        "prometheus.retention: '15d': expected at least 30d, because slos.error_rate.window looks back that far",
    ),
    "a window longer than the built-in retention": (
        "slos: [{name: a, signal: error_rate, objective: 0.9, window: 90d}]",
        "prometheus.retention: 35d, built in: expected at least 90d",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(tmp_path: Path, case: str) -> None:
    text, expected = REFUSED[case]
    assert expected in refusal(tmp_path, text)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, "overall_metrics:\n  bypass_rate: {target: 2}\n  time_savings: {target: -1}\nslos: 3\n")
    assert len(said.splitlines()) == 3


def test_sections_of_domains_without_metrics_are_checked_and_wait(tmp_path: Path) -> None:
    targets = load(tmp_path, "cache_metrics: {hit_rate: {target: 0.6, warning_low: 0.5, critical_low: 0.3}}")
    assert targets.waiting == ("cache_metrics.hit_rate",)
    assert "cache_metrics.hit_rate.critical_low: 0.7: expected at most 0.5 (warning_low)" in refusal(
        tmp_path, "cache_metrics: {hit_rate: {warning_low: 0.5, critical_low: 0.7}}"
    )


def test_a_custom_content_type_may_have_bands_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "content_routing.yaml").write_text("custom_types: {review: {examples: [four stars out of five]}}\n")
    targets = load(tmp_path, "overrides: {content_type: {review: {bypass_rate: {warning_high: 0.95, min_items: 9}}}}")
    bands = targets.overrides["review"]["bypass_rate"]
    assert (bands.warning_high, bands.min_items, bands.warning_low, bands.target) == (0.95, 9, None, None)


def test_cooldowns_are_known_by_the_name_of_the_alert(tmp_path: Path) -> None:
    own = "overrides: {content_type: {news: {quality_score_avg: {warning_low: 0.6, cooldown_minutes: 45}}}}"
    targets = load(tmp_path, "overall_metrics: {early_exit_share: {cooldown_minutes: 90}}\n" + own)
    assert targets.cooldowns == {
        ("PipelineEarlyExitShareLow", ""): 90,
        ("PipelineEarlyExitShareHigh", ""): 90,
        ("PipelineQualityScoreLow", "news"): 45,
    }


def test_no_two_metrics_share_a_key_or_an_alert() -> None:
    alerts = [name for one in metrics() for name in (one.low_alert, one.high_alert) if name]
    assert len({one.path for one in metrics()}) == len(metrics())
    assert len(set(alerts)) == len(alerts)
