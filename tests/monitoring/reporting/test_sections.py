from __future__ import annotations

import msgspec

from monitoring.domains.band import Bands
from monitoring.domains.catalogue import signal
from monitoring.reporting.alert_history import Fired
from monitoring.reporting.overview import Checkpoint, OfDomain, Overview, Row
from monitoring.reporting.readings import Budget, Reading, State, read
from monitoring.reporting.report import document
from monitoring.reporting.sections import (
    Cell,
    abandoned,
    active,
    budgets,
    checkpoints,
    hours,
    labels_of,
    overview_sections,
    rows,
    signals,
)

BYPASS = read(signal("bypass_rate"), 0.55, 200.0, Bands(target=0.6, warning_low=0.5))
REFUSED = read(signal("rejected_records"), 7.0, 1.0, None)
PLAIN = Overview(1000.0, 3600, 60, (1, 1), {}, [BYPASS], [], [], [], [], [])
TOLD = msgspec.structs.replace(PLAIN, domains=[OfDomain("exporter", "Exporter", [REFUSED])])


def test_the_section_of_another_domain_stands_last_under_its_title() -> None:
    first, last = overview_sections(TOLD)
    assert (first.title, last.title) == ("Against the targets", "Exporter")
    assert first.columns == last.columns
    (row,) = last.rows
    assert row == ("Records refused", Cell("7", "not judged"), "-", Cell("-", "not judged"), "-")


def test_the_quality_of_a_row_is_that_of_items_in_full_with_that_of_all_scored_behind_it() -> None:
    nothing = read(signal("error_rate"), None, 0.0, None)
    told = dict.fromkeys(("bypass_rate", "early_exit_share", "time_savings", "error_rate"), nothing)
    full = told | {
        "quality_score_avg": read(signal("quality_score_avg"), 0.81, 90.0, Bands(warning_low=0.9)),
        "quality_score_scored_avg": read(signal("quality_score_scored_avg"), 0.62, 20.0, None),
    }
    never = full | {"quality_score_avg": read(signal("quality_score_avg"), None, 0.0, None)}
    section = rows("By content type", "Content type", [Row("news", 9, 0, 0.0, full), Row("fun", 9, 0, 0.0, never)])
    place = section.columns.index("Quality in full (of all)")
    assert [row[place] for row in section.rows] == [Cell("0.81 (0.62)", "warning"), Cell("- (0.62)", "no data")]
    assert section.remarks == (
        "Quality is that of items processed in full, and behind it that of all that were scored, whichever way they went.",
    )


def test_where_mean_quality_is_judged_it_is_said_of_which_items() -> None:
    quality = read(signal("quality_score_avg"), 0.81, 90.0, None)
    assert signals([BYPASS, quality]).remarks == ("Mean quality is that of items processed in full.",)
    assert signals([BYPASS]).remarks == ()


def test_without_other_headlines_nothing_is_said_of_other_domains() -> None:
    assert [section.title for section in overview_sections(PLAIN)] == ["Against the targets"]
    assert "domains" not in document(PLAIN)
    assert document(TOLD)["domains"][0]["readings"][0]["signal"] == "rejected_records"


def test_items_that_nobody_waited_for_are_told_of_in_a_sentence() -> None:
    totals: dict[str, float | None] = {"items": 180.0, "failures": 8.0}
    told = msgspec.structs.replace(PLAIN, totals=totals, abandoned={"cancelled": 9, "interrupted": 3})
    sentence = "12 items were abandoned before the end (cancelled 9, interrupted 3): 6.0 % of all that began"
    assert abandoned(told) == sentence
    assert document(told)["abandoned"] == {"cancelled": 9, "interrupted": 3}
    one = msgspec.structs.replace(PLAIN, totals=dict(totals, failures=None), abandoned={"cancelled": 1})
    assert abandoned(one).startswith("1 item was abandoned before the end (cancelled 1): 0.6 %")
    assert abandoned(PLAIN) == ""
    assert "abandoned" not in document(PLAIN)


NOW = 1_795_219_200.0


def reading(value: float | None, state: State, **more: object) -> Reading:
    return Reading("bypass_rate", "Bypass rate", "ratio", value, 2184, 20, state, 0.6, **more)  # type: ignore[arg-type]


def test_a_reading_shows_value_target_state_and_items() -> None:
    ((title, value, target, state, items),) = signals([reading(0.615, "ok", on_target=True)]).rows
    assert (title, value, target, state, items) == (
        "Bypass rate",
        Cell("61.5 %", "ok"),
        "60.0 %",
        Cell("ok", "ok"),
        "2,184",
    )


def test_a_reading_within_its_bands_may_still_miss_its_target() -> None:
    (row,) = signals([reading(0.55, "ok", on_target=False)]).rows
    assert row[3] == Cell("ok, target missed", "ok")
    (row,) = signals([reading(0.45, "warning", on_target=False)]).rows
    assert row[3] == Cell("warning", "warning")


def test_an_interval_stands_beside_its_value() -> None:
    (row,) = signals([reading(0.1, "ok", interval=(0.05, 0.16))]).rows
    assert row[1] == Cell("10.0 % (5.0 % to 16.0 %)", "ok")


def test_what_is_missing_is_said_in_numbers() -> None:
    few = Reading("bypass_rate", "Bypass rate", "ratio", None, 3, 20, "no data")
    ((_, value, target, state, items),) = signals([few]).rows
    assert (value, target, state) == (Cell("-", "no data"), "-", Cell("no data", "no data"))
    assert items == "not enough data: 3 of 20 needed"


def test_what_nobody_judges_has_a_dash_for_a_state() -> None:
    (row,) = signals([reading(0.5, "not judged")]).rows
    assert row[3] == Cell("-", "not judged")


def test_a_budget_shows_what_is_left_of_it_and_overspent_ones_below_zero() -> None:
    spent = Budget("availability", 0.99, 2_592_000, 0.015, -0.5, 4000, 20, "critical")
    few = Budget("errors", 0.95, 604_800, None, None, 7, 20, "no data")
    first, second = budgets([spent, few]).rows
    assert first == (
        "availability",
        "98.5 %",
        "99.0 %",
        "30d",
        Cell("-50.0 %", "critical"),
        Cell("critical", "critical"),
        "4,000",
    )
    assert second[1:] == (
        "-",
        "95.0 %",
        "7d",
        Cell("-", "no data"),
        Cell("no data", "no data"),
        "not enough data: 7 of 20 needed",
    )


def test_a_checkpoint_shows_why_items_left_the_most_frequent_reason_first() -> None:
    point = Checkpoint("post_download", 1300, 150, 0.115, 0.9, {"too_short": 1100, "silent": 40})
    assert checkpoints([point]).rows == [
        ("post_download", "too_short 1,100, silent 40", "1,300", "150", "11.5 %", "0.90")
    ]


def test_a_firing_alert_says_since_when_where_that_is_known() -> None:
    fired = [
        Fired("Down", "critical", {"instance": "a", "job": "pipeline", "domain": "pipeline"}, NOW - 3900, None),
        Fired("Old", "info", {}, None, None),
    ]
    first, second = active(fired, NOW).rows
    assert first == ("Down", Cell("critical", "critical"), "instance=a", "2026-11-20 22:55 UTC (1 h 5 min)")
    assert second == ("Old", Cell("info", None), "-", "-")
    assert active([], NOW).note == "No alert fires."


def test_labels_tell_firings_of_one_alert_apart_and_hours_are_counted_to_the_hundredth() -> None:
    assert labels_of(Fired("A", "info", {"b": "1", "domain": "x", "c": "2"}, None, None)) == "b=1, c=2"
    assert (hours(4500.0), hours(None), hours(0.0)) == ("1.25 h", "-", "0.00 h")
