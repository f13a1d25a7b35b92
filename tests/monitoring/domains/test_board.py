"""A board as data."""

from __future__ import annotations

from monitoring.domains.board import Board


def test_the_uid_of_a_board_comes_from_its_name() -> None:
    assert Board("quality", "pipemeter: Quality", "Is it good?", ()).uid == "pipemeter-quality"
