"""Where panels stand."""

from __future__ import annotations

from monitoring.compile.dashboards.grid import Place, placed
from monitoring.domains.board import Panel


def panel(width: int, height: int) -> Panel:
    return Panel("?", "", "lines", (), width=width, height=height)


def test_panels_flow_from_left_to_right_in_full_rows_of_one_height() -> None:
    found = [place for _, place in placed([panel(6, 4), panel(12, 9), panel(8, 5), panel(24, 3)])]
    assert found == [Place(1, 0, 0, 6, 9), Place(2, 6, 0, 18, 9), Place(3, 0, 9, 24, 5), Place(4, 0, 14, 24, 3)]


def test_one_panel_twice_in_a_row_fills_it_once() -> None:
    one = panel(6, 4)
    assert [(place.x, place.width) for _, place in placed([one, one, one])] == [(0, 6), (6, 6), (12, 12)]


def test_a_board_without_panels_has_no_places() -> None:
    assert list(placed([])) == []
