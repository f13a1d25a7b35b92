"""Every domain with headlines has a section of its own, after those of the content pipeline."""

from __future__ import annotations

import msgspec

from monitoring.domains.band import Bands
from monitoring.domains.catalogue import signal
from monitoring.reporting.overview import OfDomain, Overview
from monitoring.reporting.readings import read
from monitoring.reporting.report import document
from monitoring.reporting.sections import Cell, overview_sections

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


def test_without_other_headlines_nothing_is_said_of_other_domains() -> None:
    assert [section.title for section in overview_sections(PLAIN)] == ["Against the targets"]
    assert "domains" not in document(PLAIN)
    assert document(TOLD)["domains"][0]["readings"][0]["signal"] == "rejected_records"
