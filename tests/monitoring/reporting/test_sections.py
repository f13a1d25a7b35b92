"""Every domain with headlines has a section of its own, after those of the content pipeline."""

from __future__ import annotations

import msgspec

from monitoring.domains.band import Bands
from monitoring.domains.catalogue import signal
from monitoring.reporting.overview import OfDomain, Overview, Row
from monitoring.reporting.readings import read
from monitoring.reporting.report import document
from monitoring.reporting.sections import Cell, overview_sections, rows, signals

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
