"""Counters at infinity or NaN: their time is left out for all alike, and they are named."""

from __future__ import annotations

import asyncio

import numpy as np

from bench.backfill import Series
from bench.world_history import WorldHistory
from monitoring.history.sound import SoundHistory

TIMES = np.arange(5.0)


def history(**values: list[float]) -> SoundHistory:
    return SoundHistory(WorldHistory([Series("n", {"kind": name}, TIMES, np.array(v)) for name, v in values.items()]))


def test_what_holds_a_count_is_left_as_it_is() -> None:
    sound = history(a=[0, 1, 2, 3, 4])
    assert asyncio.run(sound.increases("n", ("kind",)))["a",].tolist() == [1, 1, 1, 1]
    assert sound.broken() == ()
    assert not sound.left_out.any()


def test_the_time_in_which_one_counter_holds_no_count_is_left_out_of_all() -> None:
    sound = history(a=[0, 1, 2, 3, 4], b=[0, 5, 10, np.inf, np.inf])
    kept = sound.kept(asyncio.run(sound.increases("n", ("kind",))))
    assert kept["a",].tolist() == [1, 1, 0, 0]
    assert kept["b",].tolist() == [5, 5, 0, 0]
    assert sound.broken() == (
        'n{kind="b"} holds no count (infinity or NaN) in 2 of 4 stretches of time; left out of everything: 2',
    )


def test_what_only_refines_an_answer_is_done_without() -> None:
    sound = history(a=[0, 1, 2, 3, 4], b=[0, np.nan, 10, 15, 20])
    assert list(asyncio.run(sound.increases("n", ("kind",), needed=False))) == [("a",)]
    assert not sound.left_out.any()
    assert sound.broken() == ('n{kind="b"} holds no count (infinity or NaN) in 2 of 4 stretches of time',)


def test_of_many_broken_counters_some_are_named_and_the_others_counted() -> None:
    sound = history(**{name: [0, np.nan, 2, 3, 4] for name in "abcde"})
    asyncio.run(sound.increases("n", ("kind",)))
    assert "2 more counters hold none" in sound.broken()[0]
