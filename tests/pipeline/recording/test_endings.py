from __future__ import annotations

import multiprocessing

import pytest

from pipeline.recording import endings


class Remembering:
    """Remembers that it was ended."""

    def __init__(self) -> None:
        self.ended = 0

    def at_end(self) -> None:
        self.ended += 1


def test_everything_ends_though_one_fails() -> None:
    class Failing(Remembering):
        def at_end(self) -> None:
            super().at_end()
            raise OSError

    all_of_them = [Remembering(), Failing(), Remembering()]
    for each in all_of_them:
        endings.watch(each)
    endings.end_all()
    assert [each.ended for each in all_of_them] == [1, 1, 1]


def test_what_nobody_has_any_more_needs_no_end() -> None:
    forgotten = Remembering()
    endings.watch(forgotten)
    del forgotten
    endings.end_all()


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_process_that_multiprocessing_made_knows_that_it_is_one(method: str) -> None:
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(endings.is_child)
    assert not endings.is_child()
