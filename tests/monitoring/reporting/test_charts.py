from __future__ import annotations

from xml.etree.ElementTree import Element, tostring

import pytest

from monitoring.domains.band import Bands
from monitoring.reporting.alert_history import Fired
from monitoring.reporting.charts import HEIGHT, WIDTH, Frame, firing_strip, line_chart, stacked_chart
from monitoring.reporting.timeline import Course, Timeline

HOUR = 3600
ENDS = [HOUR * n for n in range(1, 6)]
LINE = Timeline(HOUR, [float(end) for end in ENDS], {}, [])
BANDS = Bands(target=0.6, warning_low=0.5, critical_low=0.4, warning_high=0.8)


def course(*values: float | None, unit: str = "ratio") -> Course:
    return Course("bypass_rate", "Bypass rate", unit, 20, list(values))  # type: ignore[arg-type]


def parts(svg: Element, kind: str) -> list[Element]:
    return [part for part in svg.iter() if part.get("class") == kind]


def texts(svg: Element, kind: str) -> list[str]:
    return [part.text or "" for part in svg.iter("text") if kind in (part.get("class") or "")]


def test_a_frame_puts_times_and_values_in_their_places_and_cuts_off_what_lies_outside() -> None:
    frame = Frame(0.0, 100.0, 0.0, 1.0)
    assert frame.x(0.0) < frame.x(50.0) < frame.x(100.0) == frame.right
    assert frame.y(0.0) > frame.y(0.5) > frame.y(1.0)
    assert (frame.y(7.0), frame.y(-7.0)) == (frame.y(1.0), frame.y(0.0))


def test_a_line_is_open_where_too_few_items_were() -> None:
    svg = line_chart(LINE, course(0.5, 0.6, None, 0.7, None), None)
    assert [len(line.get("points", "").split()) for line in parts(svg, "line")] == [2, 1]
    assert len(parts(svg, "dot")) == 3


def test_bands_are_shaded_where_values_are_bad_and_the_target_is_named() -> None:
    svg = line_chart(LINE, course(0.3, 0.9, 0.6, 0.6, 0.6), BANDS)
    assert len(parts(svg, "zone-critical")) == 1
    assert len(parts(svg, "zone-warning")) == 2
    assert texts(svg, "label") == ["target 60 %"]


def test_disabled_bands_shade_nothing_and_no_bands_neither() -> None:
    for bands in (None, Bands(enabled=False, warning_low=0.5)):
        svg = line_chart(LINE, course(0.3, 0.9, 0.6, 0.6, 0.6), bands)
        assert not parts(svg, "zone-warning")


def test_what_is_below_zero_is_drawn_there() -> None:
    svg = line_chart(LINE, course(-18.0, -17.0, -18.0, -19.0, -18.0, unit="number"), None)
    ticks = [float(text) for text in texts(svg, "tick end") if ":" not in text]
    assert -20 <= min(ticks) < max(ticks) < 0


def test_a_share_is_never_drawn_beyond_all_of_it() -> None:
    svg = line_chart(LINE, course(0.98, 1.0, 1.0, 0.99, 1.0), None)
    assert max(float(text.split()[0]) for text in texts(svg, "tick end") if "%" in text) <= 100


@pytest.mark.parametrize("values", [(None,) * 5, (0.0,) * 5, (0.5,) * 5, (1e-9, 0.0, 0.0, 0.0, 0.0)])
def test_a_flat_line_and_none_at_all_can_be_drawn(values: tuple[float | None, ...]) -> None:
    assert b"nan" not in tostring(line_chart(LINE, course(*values), BANDS))


def test_durations_are_marked_at_round_minutes_and_hours() -> None:
    svg = line_chart(LINE, course(0.0, 7200.0, 9000.0, 3600.0, 100.0, unit="seconds"), None)
    marks = [text for text in texts(svg, "tick end") if text.endswith("h")]
    assert marks
    assert all(float(mark.split()[0]) % 0.5 == 0 for mark in marks)


def test_bars_stand_on_each_other_and_say_what_they_are() -> None:
    series: dict[str, list[float | None]] = {
        "full": [3.0, 0.0, 1.0, 2.0, None],
        "lightweight": [1.0, 4.0, 0.0, 2.0, 1.0],
    }
    svg = stacked_chart(LINE, series, "Items")
    full, light = parts(svg, "series-0"), parts(svg, "series-1")
    assert (len(full), len(light)) == (3, 4)
    assert float(light[0].get("y", 0)) + float(light[0].get("height", 0)) == pytest.approx(
        float(full[0].get("y", 0)), abs=0.02
    )
    title = full[0].find("title")
    assert title is not None
    assert title.text == "1970-01-01 00:00 UTC: 3 full"


def test_each_alert_has_its_row_and_each_firing_its_bar() -> None:
    fired = [
        Fired("Down", "critical", {"instance": "a"}, 600.0, 1200.0),
        Fired("Down", "critical", {"instance": "b"}, None, 900.0),
        Fired("Down", "critical", {"instance": "a"}, 2400.0, None),
        Fired("Quiet", "info", {}, 700.0, 700.5),
    ]
    svg = firing_strip(0.0, 3600.0, fired)
    assert texts(svg, "label") == ["Down instance=a", "Down instance=b", "Quiet"]
    assert (len(parts(svg, "state-critical")), len(parts(svg, "state-info"))) == (3, 1)
    assert float(parts(svg, "state-info")[0].get("width", 0)) == 2.0  # too short to be seen otherwise


def test_texts_from_outside_stay_texts() -> None:
    svg = firing_strip(0.0, 3600.0, [Fired("<script>\x1b", "critical", {"x": '"&'}, 1.0, 2.0)])
    assert b"<script>" not in tostring(svg)
    assert "\x1b" not in "".join(svg.itertext())


def test_a_chart_says_what_it_is_to_those_who_do_not_see_it() -> None:
    svg = line_chart(LINE, course(0.5, None, None, None, None), None)
    assert (svg.get("role"), svg.get("aria-label")) == ("img", "Bypass rate over time")
    assert svg.get("viewBox") == f"0 0 {WIDTH:g} {HEIGHT:g}"
