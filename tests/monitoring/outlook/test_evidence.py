from __future__ import annotations

import math

import numpy as np
import pytest

from bench.coverage import evidence
from bench.worlds import World
from monitoring.outlook.evidence import _greatest, _last, _stable_from, _switches

SEEN = evidence(World(), seed=2, items=800)
NAN = math.nan


def test_the_greatest_level_of_all_instances_counts_and_silence_does_not() -> None:
    found = _greatest({("a", "one"): np.array([1.0, NAN, 3.0]), ("a", "two"): np.array([2.0, 2.0, NAN])})
    assert found["a",].tolist() == [2.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("values", "first"),
    [
        ([5.0, 5.0, 5.0], 0),
        ([4.0, 5.0, 5.0], 2),
        ([4.0, NAN, 5.0, 5.0], 3),
        ([NAN, 5.0, NAN], 0),
        ([NAN, NAN], 0),
        ([4.0, 5.0], 2),
    ],
)
def test_a_configuration_holds_from_the_block_after_its_last_change(values: list[float], first: int) -> None:
    assert _stable_from({("x",): np.array(values)}) == first


def test_the_last_level_that_was_seen_is_in_force() -> None:
    assert _last({("x",): np.array([1.0, 2.0, NAN]), ("y",): np.array([NAN])}) == {"x": 2.0}


def told(*rows: list[float]) -> dict[tuple[str, ...], np.ndarray]:
    return {("early_exit", str(number)): np.array(row) for number, row in enumerate(rows)}


def exposed(*rows: list[float]) -> dict[tuple[str, ...], np.ndarray]:
    return {("min_overall", str(number)): np.array(row) for number, row in enumerate(rows)}


def test_a_switch_is_off_only_where_a_pipeline_has_told_its_configuration() -> None:
    there, silent = [0.65] * 3, [NAN] * 3
    assert _switches(told([0.0, 0.0, 0.0]), exposed(there))["early_exit",].tolist() == [0.0, 0.0, 0.0]
    assert _switches(told([0.0, 0.0, 0.0]), exposed(silent)) == {}
    assert _switches(told([1.0, 1.0, 1.0]), exposed(silent))["early_exit",].tolist() == [1.0, 1.0, 1.0]


def test_processes_that_disagree_make_half_a_switch() -> None:
    found = _switches(told([1.0, 1.0], [0.0, 1.0]), exposed([0.65] * 2, [0.65] * 2))
    assert found["early_exit",].tolist() == [0.5, 1.0]


def test_a_part_of_the_blocks_has_what_rose_in_them() -> None:
    first, last = SEEN.between(0, SEEN.blocks // 2), SEEN.between(SEEN.blocks // 2, SEEN.blocks, "thresholds")
    assert first.blocks + last.blocks == SEEN.blocks
    assert first.finished() + last.finished() == pytest.approx(SEEN.finished())
    assert first.assessed() + last.assessed() == pytest.approx(SEEN.assessed())
    assert (first.changed, last.changed) == (SEEN.changed, (*SEEN.changed, "thresholds"))
    assert len(last.activity()) == last.blocks


def test_totals_are_of_all_keys_that_begin_so() -> None:
    ways = ("full", "lightweight", "early_exit")
    assert sum(SEEN.total(SEEN.items, way) for way in ways) == pytest.approx(SEEN.finished())
    assert SEEN.shortcuts() == pytest.approx(SEEN.finished() - SEEN.total(SEEN.items, "full"))
    assert SEEN.total(SEEN.items, None, "news") == pytest.approx(
        sum(SEEN.total(SEEN.items, way, "news") for way in ways)
    )


def test_it_prints_in_few_words() -> None:
    assert len(repr(SEEN)) < 60
