from __future__ import annotations

import os
import signal

import pytest

from pipemeter.stopping import stopping

BOTH = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("number", BOTH, ids=lambda number: number.name)
def test_the_first_signal_asks_and_says_so_and_the_second_insists(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    with stopping("finishing what is under way") as stop:
        assert (stop.event.is_set(), stop.code) == (False, 0)
        os.kill(os.getpid(), number)
        assert (stop.event.is_set(), stop.code) == (True, 128 + number)
        assert capsys.readouterr().err == "\npipemeter: finishing what is under way\n"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)


def test_without_a_note_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with stopping("") as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        stop.wait()
    assert capsys.readouterr().err == ""


def test_afterwards_signals_mean_what_they_meant_before_whatever_happened_inside() -> None:
    before = [signal.getsignal(number) for number in BOTH]
    with pytest.raises(ValueError, match="inside"), stopping("x"):
        raise ValueError("inside")
    assert [signal.getsignal(number) for number in BOTH] == before
