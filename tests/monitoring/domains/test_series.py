"""Series of families by their names, and the edges of histograms."""

from __future__ import annotations

import pytest

from monitoring.domains.catalogue import signal
from monitoring.domains.series import edge_text, family_of, refuse_between_edges


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ("pipeline_items_total", ("pipeline_items_total", "")),
        ("pipeline_quality_score_bucket", ("pipeline_quality_score", "_bucket")),
        ("pipeline_quality_score_count", ("pipeline_quality_score", "_count")),
        ("pipeline_quality_score_sum", ("pipeline_quality_score", "_sum")),
    ],
)
def test_a_series_belongs_to_its_family(series: str, expected: tuple[str, str]) -> None:
    assert family_of(series) == expected


@pytest.mark.parametrize("series", ["pipeline_items_total_count", "pipeline_novelties_total", "_sum"])
def test_a_series_of_no_family_is_refused(series: str) -> None:
    with pytest.raises(LookupError, match="is not declared in the catalogue"):
        family_of(series)


def test_edges_are_written_as_the_exposition_writes_them() -> None:
    assert [edge_text(edge) for edge in (1, 0.7, 3600)] == ["1.0", "0.7", "3600.0"]


def test_a_quantile_is_judged_at_an_edge_that_it_can_exceed_and_all_else_anywhere() -> None:
    duration, bypass = signal("item_duration_p95_seconds"), signal("bypass_rate")
    refuse_between_edges(duration, 30.0)
    refuse_between_edges(bypass, 0.123)
    with pytest.raises(ValueError, match="a bucket edge of pipeline_item_duration_seconds; the nearest is 60"):
        refuse_between_edges(duration, 50.0)
    with pytest.raises(ValueError, match=r"the nearest is 1800 \(a quantile never exceeds the last one\)"):
        refuse_between_edges(duration, 3600.0)
